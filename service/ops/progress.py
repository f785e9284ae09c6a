"""Where each partition stands, and the emergency way to put it elsewhere (design 13)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from aiokafka import TopicPartition

from l1_walk_contracts.topics import Topics
from service.ops import broker, database
from service.ops.broker import Extent
from service.ops.errors import NotSoError
from service.pipeline.peek import digests
from service.pipeline.reach import Held, another, last_handled, out_of_reach
from service.settings import Settings

if TYPE_CHECKING:
    from service.store.database import Connection

CHANGES_SHOWN = 50
"""The newest changes by hand that are told."""

Wish: TypeAlias = int | Literal["earliest", "latest"]


class Kept(NamedTuple):
    """One partition as the database has it."""

    topic: str
    partition: int
    epoch: int
    next_offset: int | None
    digest: bytes | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one partition stands, and what its topic holds."""

    topic: str
    partition: int
    next_offset: int | None
    """The next offset to handle; None: nothing was handled yet."""
    begin: int | None
    """What the topic holds: offsets from `begin` to before `end`; None: it has no such partition."""
    end: int | None
    epoch: int
    """How often it was taken or set."""
    last_handled_at: datetime | None
    """When, by the database's clock, it was last moved or set; None: nothing was handled yet."""
    astray: str | None
    """Why the progress does not fit what the topic holds; None: it does."""

    @property
    def lag(self) -> int | None:
        """Offsets that wait; some may hold no record. None where the progress does not fit."""
        if self.astray is not None or self.begin is None or self.end is None:
            return None
        return self.end - (self.begin if self.next_offset is None else self.next_offset)


class Change(NamedTuple):
    """A progress that a person set."""

    topic: str
    partition: int
    from_offset: int | None
    to_offset: int
    changed_by: str
    reason: str
    changed_at: datetime


class Report(NamedTuple):
    """All partitions, by topic and number, and the newest changes by hand, newest first."""

    partitions: list[Standing]
    changes: list[Change]


class Plan(NamedTuple):
    """What setting a partition's progress would do."""

    standing: Standing
    to_offset: int


async def read_progress(settings: Settings) -> Report:
    """Each partition of the commands and references topics.

    Raises:
        SettingsError: a setting is missing.
        UnreachableError, RefusedError: the database or the broker does not answer, or turns us away.
        NotSetUpError: the database is not migrated, or a topic is not there.
    """
    topics = Topics(settings.topic_prefix)
    names = (topics.commands, topics.references)
    async with database.connected(settings) as connection:
        kept = await _kept(connection, names)
        rows = await connection.fetch(_CHANGES, list(names), CHANGES_SHOWN)
    async with broker.reader(settings) as consumer:
        extents = await broker.extents(consumer, *names)
    standings = [await _standings(settings, name, kept, extents) for name in names]
    return Report([one for several in standings for one in several], [Change(*row) for row in rows])


async def plan(settings: Settings, topic: str, partition: int, wish: Wish) -> Plan:
    """What it would mean to put a partition there; nothing is done.

    Raises:
        NotSoError: the topic has no such partition, or holds no such offset.
        As `read_progress`.
    """
    async with database.connected(settings) as connection:
        kept = await _kept(connection, (topic,))
    async with broker.reader(settings) as consumer:
        extents = await broker.extents(consumer, topic)
    extent = extents.get(TopicPartition(topic, partition))
    if extent is None:
        raise NotSoError(f"{topic} has no partition {partition}: its partitions are 0 to {len(extents) - 1}")
    to_offset = {"earliest": extent.begin, "latest": extent.end}.get(str(wish), wish)
    if not isinstance(to_offset, int) or not extent.begin <= to_offset <= extent.end:
        holds = f"offsets {extent.begin} to {extent.end - 1}" if extent.begin < extent.end else "nothing"
        raise NotSoError(
            f"partition {partition} of {topic} holds {holds}, and the next record will stand at {extent.end}:"
            f" give an offset from {extent.begin} to {extent.end}"
        )
    standings = await _standings(settings, topic, kept, extents)
    return Plan(next(one for one in standings if one.partition == partition), to_offset)


async def set_progress(
    settings: Settings, topic: str, partition: int, to_offset: int, *, by: str, reason: str
) -> int | None:
    """Put a partition there, and keep who did it and why; whoever holds it takes it anew within seconds.

    Returns:
        Where it stood: a worker may have moved it since the plan was made.

    Raises:
        SettingsError, UnreachableError, RefusedError, NotSetUpError: as `read_progress`.
    """
    async with database.connected(settings) as connection, connection.transaction():
        await connection.execute(_ENSURE, topic, partition)
        before: int | None = await connection.fetchval(_LOCK, topic, partition)
        await connection.execute(_SET, topic, partition, to_offset)
        await connection.execute(_KEEP, topic, partition, before, to_offset, by, reason)
    return before


async def _kept(connection: "Connection", topics: tuple[str, ...]) -> dict[TopicPartition, Kept]:
    rows = [Kept(*row) for row in await connection.fetch(_KEPT, list(topics))]
    return {TopicPartition(row.topic, row.partition): row for row in rows}


async def _standings(
    settings: Settings,
    topic: str,
    kept: Mapping[TopicPartition, Kept],
    extents: Mapping[TopicPartition, Extent],
) -> list[Standing]:
    places = sorted({place for place in (*kept, *extents) if place.topic == topic})
    compacted = topic == Topics(settings.topic_prefix).references
    last = {
        place.partition: span
        for place in places
        if (row := kept.get(place)) and row.next_offset is not None and row.digest is not None
        if (extent := extents.get(place))
        if (span := last_handled(Held(topic, *extent), row.next_offset, compacted=compacted))
    }
    with broker.explained(settings):
        there = await digests(settings, topic, last)
    return [_standing(place, kept.get(place), extents.get(place), there) for place in places]


def _standing(
    place: TopicPartition, row: Kept | None, extent: Extent | None, there: Mapping[int, bytes]
) -> Standing:
    next_offset = None if row is None else row.next_offset
    return Standing(
        topic=place.topic,
        partition=place.partition,
        next_offset=next_offset,
        begin=None if extent is None else extent.begin,
        end=None if extent is None else extent.end,
        epoch=0 if row is None else row.epoch,
        last_handled_at=None if row is None or next_offset is None else row.updated_at,
        astray=_astray(place, row, extent, there),
    )


def _astray(
    place: TopicPartition, row: Kept | None, extent: Extent | None, there: Mapping[int, bytes]
) -> str | None:
    if extent is None:
        return f"{place.topic} has no such partition"
    if row is None or row.next_offset is None:
        return None
    held = Held(place.topic, *extent)
    if (reason := out_of_reach(held, row.next_offset)) is not None:
        return reason
    return another(held, row.next_offset) if there.get(place.partition, row.digest) != row.digest else None


_KEPT = """
SELECT topic, partition, epoch, next_offset, digest, updated_at FROM l1_walk_progress WHERE topic = ANY($1::text[])
"""

_CHANGES = """
SELECT topic, partition, from_offset, to_offset, changed_by, reason, changed_at FROM l1_walk_progress_changes
WHERE topic = ANY($1::text[]) ORDER BY changed_at DESC LIMIT $2
"""

_ENSURE = """
INSERT INTO l1_walk_progress (topic, partition) VALUES ($1, $2) ON CONFLICT (topic, partition) DO NOTHING
"""

_LOCK = "SELECT next_offset FROM l1_walk_progress WHERE topic = $1 AND partition = $2 FOR UPDATE"

_SET = """
UPDATE l1_walk_progress SET next_offset = $3, epoch = epoch + 1, digest = NULL, record_timestamp = NULL,
  takes = 0, tried_offset = NULL, tries = 0, updated_at = now()
WHERE topic = $1 AND partition = $2
"""

_KEEP = """
INSERT INTO l1_walk_progress_changes (topic, partition, from_offset, to_offset, changed_by, reason)
VALUES ($1, $2, $3, $4, $5, $6)
"""
