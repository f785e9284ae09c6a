"""A look into a topic that is broken off leaves nothing open, at whatever moment: partitions are lost, workers stop."""

import asyncio

from service.pipeline.peek import digests
from tests.support.connections import open_connections
from tests.support.site import Site
from tests.support.walk import Walk

PACE = 0.001
MOST_PACES = 2_000


async def test_a_look_that_is_cancelled_at_any_moment_leaves_no_connection(site: Site) -> None:
    await site.send(Walk().start(), partition=0)
    before = open_connections()
    for paces in range(MOST_PACES):
        look = asyncio.create_task(digests(site.settings, site.topics.commands, {0: (0, 1)}))
        for _ in range(paces):
            await asyncio.sleep(PACE)
        if look.done():
            break
        look.cancel()
        await asyncio.wait({look})
        assert look.cancelled() or look.exception() is None
    assert await look, "a whole look was had at last"
    assert open_connections() <= before
