"""A look into a topic that is broken off leaves nothing open, at whatever moment: partitions are lost, workers stop."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer

from service.kafka import client_options
from service.pipeline import peek
from tests.support.connections import open_connections
from tests.support.site import Site
from tests.support.walk import Walk

PACE = 0.001
MOST_PACES = 2_000
LOOKS = "looks"


@pytest.fixture(autouse=True)
def name_the_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site's own clients open connections when they like."""
    monkeypatch.setattr(
        peek, "client_options", lambda settings: {**client_options(settings), "client_id": LOOKS}
    )


async def test_a_look_that_is_cancelled_at_any_moment_leaves_no_connection(site: Site) -> None:
    await site.send(Walk().start(), partition=0)
    for paces in range(MOST_PACES):
        look = asyncio.create_task(peek.digests(site.settings, site.topics.commands, {0: (0, 1)}))
        for _ in range(paces):
            await asyncio.sleep(PACE)
        if look.done():
            break
        look.cancel()
        await asyncio.wait({look})
        assert look.cancelled() or look.exception() is None
    assert await look, "a whole look was had at last"
    assert not open_connections(LOOKS)


async def test_a_look_that_is_cancelled_while_it_closes_leaves_no_connection(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.send(Walk().start(), partition=0)
    stop, seen = AIOKafkaConsumer.stop, set[int]()

    async def stop_and_be_cancelled(consumer: AIOKafkaConsumer) -> None:
        seen.update(open_connections(LOOKS))
        look.cancel()
        await stop(consumer)

    monkeypatch.setattr(AIOKafkaConsumer, "stop", stop_and_be_cancelled)
    look = asyncio.create_task(peek.digests(site.settings, site.topics.commands, {0: (0, 1)}))
    with pytest.raises(asyncio.CancelledError):
        await look
    assert seen
    assert not open_connections(LOOKS)
