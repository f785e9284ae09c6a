"""How the worker does, seen from outside: a look at the commands topic, into the database, at the consumer group."""

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from l1_walk_contracts.topics import Topics
from service.ops import broker, database
from service.ops.broker import Extent
from service.ops.errors import UnreachableError
from service.ops.figures import Kept, Lag, PartitionLag, Progress, Status
from service.settings import Settings

if TYPE_CHECKING:
    from service.store.database import Connection

GROUP_SECONDS = 1.5
"""How long brokers may take until they can tell of the group: who looks again and again is not to wait for it."""
FETCH_SECONDS = 10.0
"""How long the oldest records not yet handled may take to arrive."""
OLDEST_BYTES = 64 * 1024
"""What is fetched of a partition for its oldest record: little, yet enough to ask all partitions at once."""


class Oldest(NamedTuple):
    """The first record from an offset on; `timestamp_ms` is None where there is none."""

    offset: int
    timestamp_ms: int | None


async def read_status(settings: Settings) -> Status:
    """All figures, with connections of its own, in a fraction of a second.

    The topic is looked at first: where nothing is behind it and the outbox is empty, all that the topic held
    at that moment has been handled and told.

    Raises:
        SettingsError: a setting is missing.
        UnreachableError, RefusedError: the database or the broker does not answer, or turns us away.
        NotSetUpError: the database is not migrated, or the topic is not there.
    """
    topic = Topics(settings.topic_prefix).commands
    async with broker.reader(settings, fetch_bytes=OLDEST_BYTES) as consumer:
        found = await broker.extents(consumer, topic)
        extents = {place.partition: extent for place, extent in found.items()}
        async with database.connected(settings) as connection:
            kept = await read_kept(connection, topic)
        lag = await read_lag(consumer, topic, extents, kept.progress)
    workers = await broker.members(settings, settings.consumer_group, seconds=GROUP_SECONDS)
    return Status(topic, lag, kept.outbox, kept.dead_letters, kept.held_sessions, kept.parked, workers)


async def read_kept(connection: "Connection", topic: str) -> Kept:
    """What the database tells, by one statement that looks into indexes alone where tables may be large."""
    return msgspec.json.decode(await connection.fetchval(_KEPT, topic), type=Kept)


async def read_lag(
    consumer: AIOKafkaConsumer, topic: str, extents: Mapping[int, Extent], progress: Iterable[Progress]
) -> Lag:
    """How far each partition is behind; a partition that nobody took yet counts from where it begins."""
    known = {row.partition: row for row in progress}
    start = {number: _start(extent, known.get(number)) for number, extent in extents.items()}
    behind = {number: offset for number, offset in start.items() if offset < extents[number].end}
    oldest = await _oldest(consumer, topic, behind, extents) if behind else {}
    now_ms = time.time() * 1000
    return Lag.of(
        tuple(
            _partition(number, extent, known.get(number), oldest.get(number), now_ms)
            for number, extent in sorted(extents.items())
        )
    )


def _start(extent: Extent, progress: Progress | None) -> int:
    """The first offset not handled, as far as the topic still holds it."""
    following = None if progress is None else progress.next_offset
    return following if following is not None and extent.begin <= following <= extent.end else extent.begin


def _partition(
    number: int, extent: Extent, progress: Progress | None, oldest: Oldest | None, now_ms: float
) -> PartitionLag:
    following = None if progress is None else progress.next_offset
    age_ms = 0.0 if oldest is None or oldest.timestamp_ms is None else now_ms - oldest.timestamp_ms
    return PartitionLag(
        partition=number,
        next_offset=following,
        end_offset=extent.end,
        messages=0 if oldest is None else max(0, extent.end - oldest.offset),
        seconds=round(max(0.0, age_ms / 1000), 3),
        last_handled_at=None if progress is None or following is None else progress.updated_at,
        fits=following is None or extent.begin <= following <= extent.end,
    )


async def _oldest(
    consumer: AIOKafkaConsumer, topic: str, start: Mapping[int, int], extents: Mapping[int, Extent]
) -> dict[int, Oldest]:
    """The first record of each partition from `start` on; some offsets are markers of transactions."""
    places = {TopicPartition(topic, number): offset for number, offset in start.items()}
    consumer.assign(list(places))
    for place, offset in places.items():
        consumer.seek(place, offset)
    found: dict[int, Oldest] = {}
    deadline = time.monotonic() + FETCH_SECONDS
    while pending := [place for place in places if place.partition not in found]:
        if time.monotonic() > deadline:
            raise UnreachableError(
                f"the broker did not deliver the oldest records of {topic} in {FETCH_SECONDS:g} s: try again"
            )
        for place, records in (await consumer.getmany(*pending, timeout_ms=100, max_records=1)).items():
            stamp = records[0].timestamp
            found[place.partition] = Oldest(records[0].offset, stamp if stamp >= 0 else None)
            consumer.pause(place)
        for place in pending:
            if place.partition not in found:
                position = await consumer.position(place)
                if position >= extents[place.partition].end:
                    found[place.partition] = Oldest(position, None)
    return found


_KEPT = """
WITH RECURSIVE
progress AS (
  SELECT partition, next_offset, updated_at FROM l1_walk_progress WHERE topic = $1
),
first_owed AS (
  (SELECT partition, created_at FROM l1_walk_outbox ORDER BY partition, "offset", number LIMIT 1)
  UNION ALL
  SELECT next.* FROM first_owed AS f CROSS JOIN LATERAL (
    SELECT partition, created_at FROM l1_walk_outbox AS o WHERE o.partition > f.partition
    ORDER BY partition, "offset", number LIMIT 1
  ) AS next
),
outbox AS (
  SELECT (SELECT count(*) FROM l1_walk_outbox) AS count,
    coalesce(extract(epoch FROM now() - min(created_at)), 0) AS seconds FROM first_owed
),
classes AS (
  SELECT class, count(*), min(created_at) AS oldest FROM l1_walk_dead_letters
  WHERE state = 'open' AND parked_behind IS NULL GROUP BY class
),
dead_letters AS (
  SELECT coalesce(sum(count), 0) AS count, coalesce(extract(epoch FROM now() - min(oldest)), 0) AS seconds,
    coalesce(json_object_agg(class, count ORDER BY class), '{}') AS by_class
  FROM classes
),
held AS (
  SELECT count(*), coalesce(extract(epoch FROM now() - min(since)), 0) AS seconds FROM l1_walk_held
)
SELECT json_build_object(
  'progress', (SELECT coalesce(json_agg(p ORDER BY partition), '[]') FROM progress AS p),
  'outbox', (SELECT row_to_json(o) FROM outbox AS o),
  'dead_letters', (SELECT row_to_json(d) FROM dead_letters AS d),
  'held_sessions', (SELECT row_to_json(h) FROM held AS h),
  'parked', (SELECT count(*) FROM l1_walk_dead_letters WHERE state = 'open' AND parked_behind IS NOT NULL)
)
"""
