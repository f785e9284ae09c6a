"""Whether there is anything between two offsets: some hold markers of transactions, or what was taken back."""

from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition

from service.kafka import client_options
from service.settings import Settings

POLL_MS = 100


async def holding(settings: Settings, topic: str, extents: Mapping[int, tuple[int, int]]) -> set[int]:
    """Those of the partitions that have a record from the first of their two offsets to before the second.

    With a consumer of its own, outside of any group: for what is asked seldom.

    Raises:
        KafkaError: the broker does not tell.
    """
    pending = {TopicPartition(topic, number): end for number, (_, end) in extents.items()}
    found: set[int] = set()
    consumer = AIOKafkaConsumer(
        **client_options(settings),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=POLL_MS,
    )
    await consumer.start()
    try:
        consumer.assign(list(pending))
        for tp in pending:
            consumer.seek(tp, extents[tp.partition][0])
        while pending:
            for tp, records in (await consumer.getmany(*pending, timeout_ms=POLL_MS)).items():
                if records[0].offset < pending[tp]:
                    found.add(tp.partition)
            positions = {tp: await consumer.position(tp) for tp in pending}
            pending = {
                tp: end for tp, end in pending.items() if tp.partition not in found and positions[tp] < end
            }
    finally:
        await consumer.stop()
    return found
