"""Partitions read from where they begin to where they ended when we looked."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from service.ops.broker import Extent
from service.ops.errors import UnreachableError

AT_ONCE = 2_000
"""Records handed over at a time, at most."""
POLL_MS = 500
PATIENCE_SECONDS = 30.0
"""How long the broker may be silent."""


async def read(
    consumer: AIOKafkaConsumer, extents: Mapping[TopicPartition, Extent]
) -> AsyncIterator[Sequence[ConsumerRecord]]:
    """Yields the records of these partitions, some of one partition at a time, in its order.

    Raises:
        UnreachableError: the broker has stopped to deliver.
        KafkaError: what the broker said.
    """
    left = {place: end for place, (begin, end) in extents.items() if begin < end}
    consumer.assign(list(left))
    for place in left:
        consumer.seek(place, extents[place].begin)
    heard = time.monotonic()
    while left:
        for place, records in (await consumer.getmany(timeout_ms=POLL_MS, max_records=AT_ONCE)).items():
            heard = time.monotonic()
            wanted = [r for r in records if r.offset < extents[place].end]
            if wanted:
                yield wanted
        for place in list(left):
            if await consumer.position(place) >= left[place]:
                del left[place]
                consumer.pause(place)
        if time.monotonic() - heard > PATIENCE_SECONDS:
            raise UnreachableError(f"the broker delivers nothing more of {next(iter(left)).topic}: try again")
