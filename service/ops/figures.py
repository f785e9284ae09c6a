"""The figures that tell how the worker does (design 10), as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """What of one partition of the commands topic is not handled yet."""

    partition: int
    next_offset: int | None
    """The next offset to handle, as the database has it; None: nothing was handled yet."""
    end_offset: int
    """The offset that the next committed record will get."""
    messages: int
    seconds: float
    """The age of the oldest record not yet handled, by its timestamp; 0 where there is none."""
    last_handled_at: datetime | None
    """When, by the database's clock, the partition was last moved or set; None: nothing was handled yet."""
    fits: bool
    """False where `next_offset` lies outside of what the topic holds (design 13)."""


@dataclass(frozen=True, slots=True)
class Lag:
    """Commands not yet handled."""

    messages: int
    seconds: float
    """The age of the oldest one, by its record's timestamp; 0 where there is none."""
    partitions: tuple[PartitionLag, ...] = ()

    @classmethod
    def of(cls, partitions: tuple[PartitionLag, ...]) -> "Lag":
        """The sum of the messages, the greatest of the ages."""
        messages = sum(p.messages for p in partitions)
        return cls(messages, max((p.seconds for p in partitions), default=0.0), partitions)


@dataclass(frozen=True, slots=True)
class Pile:
    """Rows that wait for something."""

    count: int
    seconds: float
    """The age of the oldest one, by the database's clock; 0 where there is none."""


@dataclass(frozen=True, slots=True)
class DeadLetters(Pile):
    """Dead letters that nobody settled yet, without those parked behind another."""

    by_class: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    """One partition as the database has it."""

    partition: int
    next_offset: int | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """What the database tells, in one look."""

    progress: tuple[Progress, ...]
    outbox: Pile
    dead_letters: DeadLetters
    held_sessions: Pile
    parked: int
    """Commands parked behind dead letters."""


@dataclass(frozen=True, slots=True)
class Status:
    """All of it."""

    topic: str
    """The commands topic."""
    lag: Lag
    outbox: Pile
    dead_letters: DeadLetters
    held_sessions: Pile
    parked: int
    workers: int | None
    """Members of the consumer group; None where the brokers do not tell."""
