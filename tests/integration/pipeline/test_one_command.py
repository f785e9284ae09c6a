from l1_walk_contracts import EventKind
from tests.support.site import Site
from tests.support.walk import Walk
from tests.support.worker import working


async def test_a_command_goes_from_kafka_to_its_row_and_its_event(site: Site) -> None:
    walk = Walk()
    async with working(site.settings):
        [place] = await site.send(walk.start())
        await site.handled(place)
    row = await site.session(walk.id)
    assert (row["status"], row["version"], row["home_partition"]) == ("active", 1, place.partition)
    [event] = await site.events()
    assert (event.kind, event.session_id, event.session_version) == (EventKind.STARTED, walk.id, 1)
