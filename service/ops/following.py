"""Records of topics as they come, outside of any group: nobody notices that somebody looks."""

from collections.abc import AsyncGenerator, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from service.ops import broker
from service.settings import Settings

_POLL_MS = 500


async def follow(
    settings: Settings, topics: Sequence[str], *, from_start: bool
) -> AsyncGenerator[Sequence[ConsumerRecord], None]:
    """Yields what came, by time of arrival, empty lists while nothing comes, and never ends by itself.

    The first, empty, is yielded once the places to read from are fixed.

    Raises:
        UnreachableError, RefusedError: the broker.
        NotSetUpError: names the topics that are not there.
    """
    async with broker.reader(settings) as consumer:
        await _place(consumer, topics, from_start=from_start)
        yield []
        while True:
            fetched = await consumer.getmany(timeout_ms=_POLL_MS)
            yield _by_arrival(fetched)


async def _place(consumer: AIOKafkaConsumer, topics: Sequence[str], *, from_start: bool) -> None:
    numbers = await broker.partitions(consumer._client, *topics)
    places = [TopicPartition(topic, number) for topic in topics for number in numbers[topic]]
    known = consumer.beginning_offsets if from_start else consumer.end_offsets
    offsets = await known(places)
    consumer.assign(places)
    for place, offset in offsets.items():
        consumer.seek(place, offset)


def _by_arrival(fetched: dict[TopicPartition, list[ConsumerRecord]]) -> list[ConsumerRecord]:
    """All of them by timestamp; the order within a partition stands, even where its timestamps do not grow."""
    timed = []
    for records in fetched.values():
        latest = -1
        for record in records:
            latest = max(latest, record.timestamp)
            timed.append((latest, record))
    return [record for _, record in sorted(timed, key=lambda pair: pair[0])]
