"""SIGKILL where it hurts, two instances, and SIGTERM: the PSA holds its answer, so the windows are real ones."""

import re
import signal

from tests.integration.connector.conftest import OpenDesk
from tests.support.psa.desk import PATIENCE
from tests.support.psa.ended import ended, later
from tests.support.waiting import until

WRITES = {"notes": "notes", "times": "time", "statuses": "tickets"}


async def test_killed_after_a_write_and_before_its_answer(open_desk: OpenDesk) -> None:
    desk, walk = open_desk(), ended("1001")
    desk.psa.order(script={endpoint: ["held"] for endpoint in WRITES.values()})
    await desk.publish(walk)
    running = desk.connector.start()
    for kind in WRITES:
        await until(lambda kind=kind: desk.psa.shown()[kind], PATIENCE, "it is written")  # type: ignore[misc]
        desk.connector.kill(running)
        running = desk.connector.start()
    await desk.logged("status was written already")
    assert await desk.connector.stop(running) == 0  # though the group still waits for those that were killed
    desk.once(walk)
    assert desk.connector.log().count("was written already") == 3


async def test_an_instance_that_stood_still_writes_nothing_again(open_desk: OpenDesk) -> None:
    """It is stopped in its call, another goes on with the walk; when it wakes it finds that it lost its claim."""
    desk, walk = open_desk(), ended("1001")
    following = later(walk, 5, resolved=False)
    desk.psa.order(script={"time": ["held"]})
    await desk.publish(walk, following)
    frozen = desk.connector.start()
    await until(lambda: desk.psa.shown()["times"], PATIENCE, "the time is written")
    frozen.send_signal(signal.SIGSTOP)
    other = desk.connector.start()
    try:
        await desk.written(walk, following)
        desk.psa.order(release=True)
    finally:
        frozen.send_signal(signal.SIGCONT)
    assert [await desk.connector.stop(process) for process in (frozen, other)] == [0, 0]
    desk.once(walk, following)
    assert desk.connector.log().count("time was written already") == 1


async def test_instances_come_and_go(open_desk: OpenDesk) -> None:
    desk, walks = open_desk(), [ended(str(1_001 + number)) for number in range(60)]
    first = desk.connector.start()
    await desk.publish(*walks[:20], *walks[:20])
    await until(lambda: desk.psa.shown()["notes"], PATIENCE, "the first writes")
    second = desk.connector.start()
    await desk.publish(*walks[10:40])
    await until(lambda: len(desk.psa.shown()["notes"]) > 20, PATIENCE, "more is written")
    assert await desk.connector.stop(first) == 0
    await desk.publish(*walks[30:], *walks[:10])
    await desk.written(*walks)
    assert await desk.connector.stop(second) == 0
    desk.once(*walks)


async def test_told_to_stop_it_waits_for_the_answer_and_begins_nothing(open_desk: OpenDesk) -> None:
    desk, walk = open_desk("connectwise", "--slow", "1", TIMEOUT="20s"), ended("1001")
    desk.psa.order(script={"notes": ["slow"]})
    await desk.publish(walk)
    running = desk.connector.start()
    await until(lambda: desk.psa.shown()["notes"], PATIENCE, "the note is written")
    assert await desk.connector.stop(running) == 0
    assert "note written" in desk.connector.log()
    assert desk.psa.shown()["times"] == []
    running, other = desk.connector.start(), later(walk, 5)
    await desk.publish(other)
    await desk.written(walk, other)
    assert await desk.connector.stop(running) == 0
    desk.once(walk, other)
    read = [int(count) for count in re.findall(r"read (\d+) events", desk.connector.log())]
    assert sum(read) == 2, "reading did not go on where the store says"
