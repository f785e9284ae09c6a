"""What comes off the wire and what goes onto it, and what a record turns out to be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from pydantic import Field

from .commands import CommandData
from .vocabulary import SettleVerb, Verb

Header = tuple[str, bytes | None]


class Record(NamedTuple):
    """A Kafka record as received, of any client library."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[Header] = ()
    timestamp_ms: int = -1
    """Milliseconds since the epoch, -1 where there is none."""


class OutRecord(NamedTuple):
    """A Kafka record to be sent."""

    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong with a command. Never holds text of the command."""

    field: Annotated[
        str,
        Field(
            description="Its dotted path, or key, time or partition of the record.",
            examples=["data.ticket.id", "time"],
        ),
    ]
    message: Annotated[
        str,
        Field(description="What is wrong and what is allowed.", examples=["must have at most 64 characters"]),
    ]


@dataclass(slots=True)
class Command:
    """A command that keeps the contract. `id` and `source` together are its identity."""

    session_id: str
    """A UUID in canonical lowercase form."""
    source: str
    id: str
    verb: Verb
    type: str
    time: datetime
    """When it happened, UTC: the effective time (design 4)."""
    data: CommandData
    raw_data: Any
    """The JSON value of `data` as parsed, with what the contract does not know."""
    traceparent: str | None = None


@dataclass(slots=True)
class Invalid:
    """A known command that breaks the contract: rejected, with the fields named."""

    session_id: str
    source: str
    id: str
    verb: Verb | SettleVerb
    type: str
    errors: tuple[FieldError, ...]
    raw_data: Any
    """The JSON value of `data` as parsed; None where there is none."""
    account_id: UUID | None = None
    """Where the data names one that can be read."""
    traceparent: str | None = None


@dataclass(slots=True)
class Settle:
    """A command of an operator's: redrive or discard a dead letter (design 9, rule 4)."""

    session_id: str
    """The dead letter's session; where it has none, the dead letter's own id."""
    source: str
    id: str
    verb: SettleVerb
    type: str
    dead_letter_id: UUID
    by: str
    """Who."""
    reason: str | None
    """Why."""
    raw_data: Any
    """The JSON value of `data` as parsed."""
    traceparent: str | None = None


@dataclass(slots=True)
class Unsupported:
    """One of our types, of a verb or version that these contracts do not know."""

    session_id: str
    source: str
    id: str
    type: str
    account_id: UUID | None
    error: str
    traceparent: str | None = None


@dataclass(slots=True)
class Unreadable:
    """Nothing that can be taken for a command."""

    error: str
    """Short, of a closed set of beginnings; never holds text of the record."""
