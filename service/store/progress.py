"""How far each partition is, kept with the state it made (design 9, rule 2): the truth about what was handled."""

from collections.abc import Collection, Mapping, Sequence
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
    takes: int = 0
    """Takes since it last moved or was given up in good order: many mean that something kills its workers."""
    tried_offset: int | None = None
    """The record that was last tried alone, None since the progress moved."""
    tries: int = 0
    """How often it was."""
    digest: bytes | None = None
    """Of the last record handled; None: nothing was handled yet, or a person set the progress."""

    @property
    def set_by_hand(self) -> bool:
        """Whether a person set it, and nobody has taken the partition since."""
        return self.next_offset is not None and self.digest is None and self.takes == 0


class Advance(NamedTuple):
    """How far a batch brings a partition, and what its last record was."""

    partition: int
    next_offset: int
    digest: bytes
    record_timestamp: datetime | None


class Step(NamedTuple):
    """Where a partition stands, and where it shall, since nothing is in between."""

    partition: int
    epoch: int
    from_offset: int
    to_offset: int


async def take(
    connection: Connection, topic: str, partitions: Collection[int], *, again: bool = False
) -> list[Progress]:
    """Become the one who may move the progress of these partitions: raises their epochs, counts the takes.

    Args:
        connection: in a transaction.
        topic: whose partitions.
        partitions: their numbers.
        again: by one who was alive when another took them from it: nothing has ended it, so that this is not counted.
    """
    rows = await connection.fetch(_TAKE, topic, sorted(partitions), 0 if again else 1)
    return [Progress(*row) for row in rows]


async def give_up(connection: Connection, topic: str, epochs: Mapping[int, int]) -> None:
    """Note that these partitions were left in good order, where nobody else has taken them since.

    Args:
        connection: in a transaction.
        topic: whose partitions.
        epochs: each partition and its epoch as the one who leaves it knows it.
    """
    await connection.execute(_GIVE_UP, topic, list(epochs), list(epochs.values()))


async def note_try(
    connection: Connection, topic: str, partition: int, epoch: int, offset: int, tries: int
) -> None:
    """Note that the record at this offset is about to be tried alone; `tries` counts from 1.

    Noted again, where the answer got lost, it is the same. Nothing is noted where the epoch is another by now.
    """
    await connection.execute(_NOTE_TRY, topic, partition, epoch, offset, tries)


async def lock(connection: Connection, topic: str, partitions: Collection[int]) -> list[Progress]:
    """The progress of these partitions, locked in the order of their numbers until the transaction ends."""
    rows = await connection.fetch(_LOCK, topic, sorted(partitions))
    return [Progress(*row) for row in rows]


async def read(connection: Connection, topic: str, partitions: Collection[int]) -> list[Progress]:
    """The progress of these partitions as it stands now."""
    rows = await connection.fetch(_READ, topic, sorted(partitions))
    return [Progress(*row) for row in rows]


async def advance(connection: Connection, topic: str, advances: Sequence[Advance]) -> None:
    """Move locked partitions on; that ends the count of takes and tries."""
    partitions, offsets, digests, timestamps = (list(column) for column in zip(*advances, strict=True))
    await connection.execute(_ADVANCE, topic, partitions, offsets, digests, timestamps)


async def move_over(connection: Connection, topic: str, steps: Sequence[Step]) -> set[int]:
    """Move progress over offsets that hold no record; what was handled last stays known.

    Returns:
        The partitions that moved: those that stood as the step says.
    """
    columns = [list(column) for column in zip(*steps, strict=True)]
    return {row[0] for row in await connection.fetch(_MOVE_OVER, topic, *columns)}


_COLUMNS = "partition, epoch, next_offset, takes, tried_offset, tries, digest"

_TAKE = f"""
INSERT INTO l1_walk_progress AS p (topic, partition, epoch, takes)
SELECT $1, t.partition, 1, 1 FROM unnest($2::int[]) AS t(partition) ORDER BY t.partition
ON CONFLICT (topic, partition) DO UPDATE SET epoch = p.epoch + 1, takes = p.takes + $3
RETURNING {_COLUMNS}
"""  # noqa: S608  made of constants

_READ = f"""
SELECT {_COLUMNS} FROM l1_walk_progress
WHERE topic = $1 AND partition = ANY($2::int[]) ORDER BY partition
"""  # noqa: S608  made of constants

_LOCK = _READ + "FOR UPDATE"

_ADVANCE = """
UPDATE l1_walk_progress AS p
SET next_offset = a.next_offset, digest = a.digest, record_timestamp = a.record_timestamp, updated_at = now(),
  takes = 0, tried_offset = NULL, tries = 0
FROM unnest($2::int[], $3::bigint[], $4::bytea[], $5::timestamptz[])
  AS a(partition, next_offset, digest, record_timestamp)
WHERE p.topic = $1 AND p.partition = a.partition
"""

_GIVE_UP = """
WITH mine AS (
  SELECT p.partition FROM l1_walk_progress AS p
  JOIN unnest($2::int[], $3::bigint[]) AS m(partition, epoch) ON p.partition = m.partition AND p.epoch = m.epoch
  WHERE p.topic = $1 ORDER BY p.partition FOR UPDATE OF p
)
UPDATE l1_walk_progress AS p SET takes = 0, tried_offset = NULL, tries = 0
FROM mine WHERE p.topic = $1 AND p.partition = mine.partition
"""

_NOTE_TRY = """
UPDATE l1_walk_progress SET tried_offset = $4, tries = $5
WHERE topic = $1 AND partition = $2 AND epoch = $3
"""

_MOVE_OVER = """
WITH mine AS (
  SELECT p.partition, s.to_offset FROM l1_walk_progress AS p
  JOIN unnest($2::int[], $3::bigint[], $4::bigint[], $5::bigint[]) AS s(partition, epoch, from_offset, to_offset)
    ON (p.partition, p.epoch, p.next_offset) = (s.partition, s.epoch, s.from_offset)
  WHERE p.topic = $1 ORDER BY p.partition FOR UPDATE OF p
)
UPDATE l1_walk_progress AS p SET next_offset = mine.to_offset, updated_at = now()
FROM mine WHERE p.topic = $1 AND p.partition = mine.partition RETURNING p.partition
"""
