"""How far each partition is, kept with the state it made (design 9, rule 2): the truth about what was handled."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from service.store.database import Connection


class Progress(NamedTuple):
    """Where a partition stands."""

    partition: int
    epoch: int
    """Raised by each take; the holder of the highest one may move the progress."""
    next_offset: int | None
    """The next offset to handle; None: nothing was handled yet."""


class Advance(NamedTuple):
    """How far a batch brings a partition, and what its last record was."""

    partition: int
    next_offset: int
    digest: bytes
    record_timestamp: datetime | None


async def take(connection: Connection, topic: str, partitions: Collection[int]) -> list[Progress]:
    """Become the one who may move the progress of these partitions: raises their epochs."""
    rows = await connection.fetch(_TAKE, topic, sorted(partitions))
    return [Progress(*row) for row in rows]


async def lock(connection: Connection, topic: str, partitions: Collection[int]) -> list[Progress]:
    """The progress of these partitions, locked in the order of their numbers until the transaction ends."""
    rows = await connection.fetch(_LOCK, topic, sorted(partitions))
    return [Progress(*row) for row in rows]


async def read(connection: Connection, topic: str, partitions: Collection[int]) -> list[Progress]:
    """The progress of these partitions as it stands now."""
    rows = await connection.fetch(_READ, topic, sorted(partitions))
    return [Progress(*row) for row in rows]


async def advance(connection: Connection, topic: str, advances: Sequence[Advance]) -> None:
    """Move locked partitions on."""
    partitions, offsets, digests, timestamps = (list(column) for column in zip(*advances, strict=True))
    await connection.execute(_ADVANCE, topic, partitions, offsets, digests, timestamps)


_TAKE = """
INSERT INTO l1_walk_progress AS p (topic, partition, epoch)
SELECT $1, t.partition, 1 FROM unnest($2::int[]) AS t(partition) ORDER BY t.partition
ON CONFLICT (topic, partition) DO UPDATE SET epoch = p.epoch + 1, updated_at = now()
RETURNING partition, epoch, next_offset
"""

_READ = """
SELECT partition, epoch, next_offset FROM l1_walk_progress
WHERE topic = $1 AND partition = ANY($2::int[]) ORDER BY partition
"""

_LOCK = _READ + "FOR UPDATE"

_ADVANCE = """
UPDATE l1_walk_progress AS p
SET next_offset = a.next_offset, digest = a.digest, record_timestamp = a.record_timestamp, updated_at = now()
FROM unnest($2::int[], $3::bigint[], $4::bytea[], $5::timestamptz[])
  AS a(partition, next_offset, digest, record_timestamp)
WHERE p.topic = $1 AND p.partition = a.partition
"""
