"""Which partitions have no lag: what the topic held a moment ago is handled (design 9, rule 7).

Commands that came meanwhile do not count, so that a partition under load is not one that always lags.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer

from service.kafka import client_options, stop
from service.ops import broker
from service.pipeline.peek import holding
from service.settings import Settings
from service.store import progress
from service.store.database import Connection

WAIT_SECONDS = 3.0
"""How long a partition may take to catch up: if it takes longer, it lags."""
POLL_SECONDS = 0.1
ANSWER_SECONDS = 20.0


class CaughtUp(NamedTuple):
    """The partitions of a topic."""

    partitions: frozenset[int]
    """Those without lag."""
    all: bool
    """Whether all of the topic are."""


async def caught_up(settings: Settings, topic: str, connection: Connection) -> CaughtUp:
    """Those without lag now. A marker of a transaction at the end is none.

    Raises:
        KafkaError, NotSetUpError, TimeoutError: the broker does not tell.
    """
    async with asyncio.timeout(ANSWER_SECONDS):
        async with _consumer(settings) as consumer:
            found = await broker.extents(consumer, topic)
        extents = {tp.partition: (extent.begin, extent.end) for tp, extent in found.items()}
        behind = await _behind(connection, topic, extents)
        lagging = await holding(settings, topic, behind) if behind else set()
    return CaughtUp(frozenset(extents.keys() - lagging), not lagging)


async def _behind(
    connection: Connection, topic: str, extents: Mapping[int, tuple[int, int]]
) -> dict[int, tuple[int, int]]:
    """The partitions not read to these ends, after a little patience: where each stands, and its end."""
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    while True:
        stands = {at.partition: at.next_offset for at in await progress.read(connection, topic, extents)}
        behind = {}
        for number, (begin, end) in extents.items():
            at = stands.get(number)
            at = begin if at is None else max(at, begin)
            if at < end:
                behind[number] = at, end
        if not behind or asyncio.get_running_loop().time() > deadline:
            return behind
        await asyncio.sleep(POLL_SECONDS)


@asynccontextmanager
async def _consumer(settings: Settings) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        **client_options(settings), enable_auto_commit=False, isolation_level="read_committed"
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await stop(consumer)
