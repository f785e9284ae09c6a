"""Each way in which a PSA fails, by itself, on each write; then all of them at once, with kills."""

from tests.connector_run import options, whole
from tests.integration.connector.conftest import OpenDesk
from tests.support.psa.ended import ended

FAULTS = ("429", "409", "500", "unanswered", "late", "slow")


async def test_each_write_fails_in_each_way_and_is_done_once(open_desk: OpenDesk) -> None:
    desk = open_desk("connectwise", "--slow", "0.2", "--retry-after", "0.2")
    running, walks = desk.connector.start(), []
    for number, fault in enumerate(FAULTS):
        desk.psa.order(script={endpoint: [fault] for endpoint in ("notes", "time", "tickets")})
        walks.append(ended(str(1_001 + number)))
        await desk.publish(walks[-1])
        await desk.written(*walks)
        assert desk.psa.shown()["faults"][fault] == 3
    assert await desk.connector.stop(running) == 0
    desk.once(*walks)


async def test_all_at_once_with_kills_and_every_event_twice_or_more(bootstrap_servers: str) -> None:
    """The big run, small: it fails where a walk is written twice, or not, or a limit is passed."""
    words = "--walks 150 --rate 0.03 --retry-after 0.2 --calls 400 --parallel 6 --kill-every 5 --patience 150"
    seen = await whole(options(words.split()), bootstrap_servers)
    assert (seen["notes"], seen["time entries"]) == (150, 150)
    assert seen["kills"] > 0
