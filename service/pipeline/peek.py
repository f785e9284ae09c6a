"""What stands in a topic, for what is asked seldom: with a consumer of its own, outside of any group."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from service.domain.digest import record_digest
from service.kafka import client_options, stop
from service.settings import Settings

POLL_MS = 100
ANSWER_SECONDS = 10.0
"""How long the brokers may take to hand out one record of each partition."""
FETCH_BYTES = 16 * 1024
"""What is fetched of a partition for a few records; a batch of records comes whole, however large it is."""
MOST_RECORDS = 16
"""What is taken of a partition at once."""


async def holding(settings: Settings, topic: str, extents: Mapping[int, tuple[int, int]]) -> set[int]:
    """Those of the partitions that have a record from the first of their two offsets to before the second.

    Some offsets hold markers of transactions, or what was taken back.

    Raises:
        KafkaError: the broker does not tell.
    """
    if not extents:
        return set()
    pending = {TopicPartition(topic, number): end for number, (_, end) in extents.items()}
    found: set[int] = set()
    starts = {tp: extents[tp.partition][0] for tp in pending}
    async with _reading(settings, starts, auto_offset_reset="earliest") as consumer:
        while pending:
            for tp, records in (await consumer.getmany(*pending, timeout_ms=POLL_MS)).items():
                if records[0].offset < pending[tp]:
                    found.add(tp.partition)
            positions = {tp: await consumer.position(tp) for tp in pending}
            pending = {
                tp: end for tp, end in pending.items() if tp.partition not in found and positions[tp] < end
            }
    return found


async def digests(settings: Settings, topic: str, extents: Mapping[int, tuple[int, int]]) -> dict[int, bytes]:
    """The digest of the last record of each partition between two offsets, as `record_digest` makes it.

    Args:
        settings: where the brokers are.
        topic: the topic's name.
        extents: each partition, an offset that the topic holds, and one behind it up to which it holds more.

    Returns:
        Partition and digest; a partition without a record from the first to before the second is left out.

    Raises:
        KafkaError, TimeoutError: the broker does not tell, or the topic changed meanwhile.
    """
    if not extents:
        return {}
    pending = {TopicPartition(topic, number): end for number, (_, end) in extents.items()}
    starts = {tp: extents[tp.partition][0] for tp in pending}
    found: dict[int, bytes] = {}
    options = {"auto_offset_reset": "none", "max_partition_fetch_bytes": FETCH_BYTES}
    async with asyncio.timeout(ANSWER_SECONDS), _reading(settings, starts, **options) as consumer:
        while pending:
            fetched = await consumer.getmany(*pending, timeout_ms=POLL_MS, max_records=MOST_RECORDS)
            for tp, records in fetched.items():
                for record in (one for one in records if one.offset < pending[tp]):
                    found[tp.partition] = record_digest(record.key, record.value)
            positions = {tp: await consumer.position(tp) for tp in pending}
            pending = {tp: end for tp, end in pending.items() if positions[tp] < end}
    return found


@asynccontextmanager
async def _reading(
    settings: Settings, starts: Mapping[TopicPartition, int], **options: object
) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer that stands at these offsets."""
    consumer = AIOKafkaConsumer(
        **client_options(settings),
        isolation_level="read_committed",
        enable_auto_commit=False,
        fetch_max_wait_ms=POLL_MS,
        **options,
    )
    try:
        await consumer.start()
        consumer.assign(list(starts))
        for tp, offset in starts.items():
            consumer.seek(tp, offset)
        yield consumer
    finally:
        await stop(consumer)
