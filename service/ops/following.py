"""Records of topics as they come, outside of any group: nobody notices that somebody looks."""

from collections.abc import AsyncGenerator, Sequence

from aiokafka import ConsumerRecord, TopicPartition

from service.ops import broker
from service.settings import Settings

_POLL_MS = 500


async def follow(
    settings: Settings, topics: Sequence[str], *, from_start: bool, to_end: bool
) -> AsyncGenerator[Sequence[ConsumerRecord], None]:
    """Yields what came, by time of arrival, and an empty list whenever nothing did for a moment.

    Args:
        settings: where to read.
        topics: their full names.
        from_start: from where they begin, else from where they end now.
        to_end: to where they end now, else for ever.

    Raises:
        UnreachableError, RefusedError: the broker.
        NotSetUpError: names the topics that are not there.
    """
    async with broker.reader(settings) as consumer:
        extents = await broker.extents(consumer, *topics)
        consumer.assign(list(extents))
        for place, extent in extents.items():
            consumer.seek(place, extent.begin if from_start else extent.end)
        unread = {place for place, (begin, end) in extents.items() if from_start and begin < end}
        while unread or not to_end:
            yield _by_arrival(await consumer.getmany(timeout_ms=_POLL_MS))
            unread = {place for place in unread if await consumer.position(place) < extents[place].end}


def _by_arrival(fetched: dict[TopicPartition, list[ConsumerRecord]]) -> list[ConsumerRecord]:
    """All of them by timestamp; the order within a partition stands, even where its timestamps do not grow."""
    timed = []
    for records in fetched.values():
        latest = -1
        for record in records:
            latest = max(latest, record.timestamp)
            timed.append((latest, record))
    return [record for _, record in sorted(timed, key=lambda pair: pair[0])]
