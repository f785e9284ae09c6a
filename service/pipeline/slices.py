"""What is handled together: a slice of each of several partitions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from l1_walk_contracts import Record
from service.domain.digest import record_digest
from service.domain.timestamps import record_time
from service.pipeline.failure import FencedError
from service.store import progress
from service.store.database import Connection
from service.store.outbox import Message
from service.store.progress import Advance


class Fetched(Protocol):
    """A record that was fetched, and what it is."""

    @property
    def partition(self) -> int:
        """Where it stands."""

    @property
    def offset(self) -> int:
        """Where it stands in the partition."""

    @property
    def record(self) -> Record:
        """As received."""

    @property
    def message(self) -> Any:
        """What it says."""


R = TypeVar("R", bound=Fetched)


@dataclass(frozen=True, slots=True)
class Slice(Generic[R]):
    """What a batch holds of one partition, and how far the partition is as this worker knows."""

    partition: int
    epoch: int
    stored_offset: int | None
    """The progress that the database must show; None: nothing handled yet."""
    records: Sequence[R]

    @property
    def next_offset(self) -> int:
        """The progress once the slice is handled."""
        return self.records[-1].offset + 1


class Committed(NamedTuple):
    """What a batch brought about, now that it stands."""

    positions: dict[int, int]
    """Partition and its next offset."""
    messages: Sequence[Message] = ()
    """Owed to Kafka, in the order in which they are to leave."""
    walks: int = 0
    """Walks that were written."""


async def fence(connection: Connection, topic: str, slices: Sequence[Slice[R]]) -> None:
    """Lock the progress of each slice's partition and check that it is as this worker knows it.

    Raises:
        FencedError: it is not.
    """
    stored = {p.partition: p for p in await progress.lock(connection, topic, [s.partition for s in slices])}
    for part in slices:
        at = stored.get(part.partition)
        if at is None or (at.epoch, at.next_offset) != (part.epoch, part.stored_offset):
            raise FencedError(part.partition)


async def advance(connection: Connection, topic: str, slices: Sequence[Slice[R]]) -> dict[int, int]:
    """Move the progress of each slice's partition behind the slice.

    Returns:
        Each partition and its next offset.
    """
    await progress.advance(connection, topic, [_advance(part) for part in slices])
    return {part.partition: part.next_offset for part in slices}


def _advance(part: Slice[R]) -> Advance:
    last = part.records[-1].record
    digest = record_digest(last.key, last.value)
    return Advance(part.partition, part.next_offset, digest, record_time(last.timestamp_ms))
