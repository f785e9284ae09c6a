"""Events and their `data` (design 7).

The data classes are plain dataclasses: whoever makes an event is trusted, so construction checks nothing and
costs about a microsecond. `decode_event` checks what it reads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, TypedDict
from uuid import UUID

from .commands import Ticket
from .records import FieldError
from .vocabulary import EventKind, PathEntryKind, RejectionReason, SessionKind


class PathEntry(TypedDict, total=False):
    """One entry of `walked_path`, a JSON object. Rows older than the worker may hold anything."""

    node_id: str
    question: str
    answer: str
    answer_label: str
    note: str
    next_node_id: str
    user_id: str
    acting_as: str
    at: str
    kind: PathEntryKind


class Note(TypedDict, total=False):
    """One entry of `walk_notes`, a JSON object. Rows older than the worker may hold anything."""

    text: str
    node_id: str
    user_id: str
    at: str


@dataclass(kw_only=True)
class WalkData:
    """Which walk an event is about."""

    session_id: UUID
    account_id: UUID
    ticket: Ticket
    session_kind: SessionKind
    flow_id: UUID | None = None
    flow_proposal_id: UUID | None = None


@dataclass(kw_only=True)
class StartedData(WalkData):
    """`started`: a technician began a walk."""

    created_by: UUID
    acting_as: str | None = None
    started_at: datetime
    start_node_id: str | None = None


@dataclass(kw_only=True)
class TerminalData(WalkData):
    """All that a connector needs of a walk that ended, with no call back."""

    created_by: UUID
    user_id: UUID
    acting_as: str | None = None
    started_at: datetime
    ended_at: datetime
    duration_seconds: int
    active_seconds: int
    walked_path: Sequence[PathEntry | Any]
    walk_notes: Sequence[Note | Any]
    path_count: int
    note_count: int
    summary: str
    customer_summary: str
    truncated: Sequence[str] | None = None


@dataclass(kw_only=True)
class ResolvedData(TerminalData):
    """`resolved`: the walk solved the ticket."""

    resolution_notes: str
    helpful: bool | None = None


@dataclass(kw_only=True)
class EscalatedData(TerminalData):
    """`escalated`: L1 could not resolve it."""

    reason: str
    reason_category: str | None = None


@dataclass(kw_only=True)
class AbandonedData(TerminalData):
    """`abandoned`: the walk was left without either."""

    reason: str | None = None


@dataclass(kw_only=True)
class FeedbackRecordedData(WalkData):
    """`feedback-recorded`: somebody said whether a resolved walk helped."""

    user_id: UUID
    acting_as: str | None = None
    helpful: bool


@dataclass(kw_only=True)
class ProposalValidatedData(WalkData):
    """`proposal-validated`: a proposal walk ended with a word on whether the draft helped."""

    user_id: UUID
    acting_as: str | None = None
    helpful: bool


@dataclass(kw_only=True)
class Origin:
    """Where a record stood."""

    topic: str
    partition: int
    offset: int


@dataclass(kw_only=True)
class ReceivedCommand:
    """A command as received, as text; bytes that are no UTF-8 are shown as U+FFFD."""

    key: str | None
    headers: Sequence[tuple[str, str | None]]
    value: str | None
    truncated: bool = False


@dataclass(kw_only=True)
class CommandRejectedData:
    """`command-rejected`: why a command was not accepted."""

    reason: RejectionReason
    errors: Sequence[FieldError] | None = None
    origin: Origin
    command_source: str
    command_type: str
    command: ReceivedCommand | None = None


EventData = (
    StartedData
    | ResolvedData
    | EscalatedData
    | AbandonedData
    | FeedbackRecordedData
    | ProposalValidatedData
    | CommandRejectedData
)

EVENT_DATA: Final[Mapping[EventKind, type[Any]]] = MappingProxyType(
    {
        EventKind.STARTED: StartedData,
        EventKind.RESOLVED: ResolvedData,
        EventKind.ESCALATED: EscalatedData,
        EventKind.ABANDONED: AbandonedData,
        EventKind.FEEDBACK_RECORDED: FeedbackRecordedData,
        EventKind.PROPOSAL_VALIDATED: ProposalValidatedData,
        EventKind.COMMAND_REJECTED: CommandRejectedData,
    }
)
"""The class of each kind's `data`."""


@dataclass(slots=True, kw_only=True)
class Event:
    """A fact about a walk, with the attributes of its CloudEvent."""

    id: str
    kind: EventKind
    source: str
    session_id: str
    """The CloudEvent's `subject`."""
    time: datetime
    account_id: UUID | None
    """Extension `accountid`; None where a rejected command named no readable one."""
    session_version: int | None
    """Extension `sessionversion`: the version after the command; None for a rejection without a session."""
    causation_id: str
    """Extension `causationid`: the id of the command it comes from."""
    traceparent: str | None = None
    data: EventData

    @property
    def type(self) -> str:
        """The CloudEvent type: `l1.walk.KIND.v1`."""
        return self.kind.type
