"""Events and their `data` (design 7).

The data classes are plain dataclasses: whoever makes an event is trusted, so construction checks nothing and
costs about a microsecond. `decode_event` checks what it reads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field, SkipValidation
from pydantic.config import JsonDict
from typing_extensions import TypedDict  # pydantic brings it, and wants it before Python 3.12

from .commands import Ticket
from .fields import CanonicalUUID, Moment
from .limits import (
    ABANDON_REASON_CHARS,
    ACTING_AS_CHARS,
    CUSTOMER_SUMMARY_CHARS,
    EVENT_BYTES,
    NODE_ID_CHARS,
    REASON_CATEGORY_CHARS,
    SUMMARY_CHARS,
    TEXT_CHARS,
)
from .records import FieldError
from .vocabulary import EventKind, PathEntryKind, RejectionReason, SessionKind

_SECONDS: Final[JsonDict] = {"x-unit": "seconds"}
_ENTRIES: Final[JsonDict] = {"x-unit": "entries"}

ActingAs = Annotated[
    str | None,
    Field(
        description="In what role: l1_coverage for an engineer covering, absent for a native L1.",
        examples=["l1_coverage"],
        json_schema_extra={"maxLength": ACTING_AS_CHARS},
    ),
]
UserId = Annotated[CanonicalUUID, Field(description="Who did what the event tells of.")]
Helpful = Annotated[bool, Field(description="Whether what was walked helped.")]


class PathEntry(TypedDict, total=False):
    """One entry of `walked_path`. Rows older than the worker may hold anything in its place."""

    node_id: Annotated[str, Field(description="The node that was answered, or gone back to.")]
    question: Annotated[str, Field(description="The question as shown.")]
    answer: Annotated[str, Field(description="The answer as chosen or typed.")]
    answer_label: Annotated[str, Field(description="The answer as shown.")]
    note: Annotated[
        str,
        Field(
            description="The technician's remark on the step; internal.", examples=["The cable was loose."]
        ),
    ]
    next_node_id: Annotated[str, Field(description="Where the walk went from there.", examples=["cable"])]
    user_id: Annotated[str, Field(description="The technician, a UUID.")]
    acting_as: Annotated[
        str, Field(description="The technician's role; absent for a native L1.", examples=["l1_coverage"])
    ]
    at: Annotated[str, Field(description="When, RFC 3339, UTC.", examples=["2026-01-31T09:30:00Z"])]
    kind: Annotated[PathEntryKind, Field(description="step: an answer; rewind: back to a node.")]


class Note(TypedDict, total=False):
    """One entry of `walk_notes`. Rows older than the worker may hold anything in its place."""

    text: Annotated[str, Field(description="The remark.")]
    node_id: Annotated[str, Field(description="The node it is about.")]
    user_id: Annotated[str, Field(description="The technician, a UUID.")]
    at: Annotated[str, Field(description="When, RFC 3339, UTC.", examples=["2026-01-31T09:30:00Z"])]


@dataclass(kw_only=True)
class WalkData:
    """Which walk an event is about."""

    session_id: Annotated[CanonicalUUID, Field(description="The walk; the CloudEvent's subject.")]
    account_id: Annotated[CanonicalUUID, Field(description="The client company whose ticket it is.")]
    ticket: Annotated[
        Ticket, Field(description="The ticket that is walked; skip it if its kind is internal.")
    ]
    session_kind: Annotated[SessionKind, Field(description="What is walked.")]
    flow_id: Annotated[
        CanonicalUUID | None,
        Field(
            description="The published flow; given if session_kind is flow, else absent.",
            examples=["e2a4c6d8-1b3f-4c5e-8d7a-9f0b1c2d3e4f"],
        ),
    ] = None
    flow_proposal_id: Annotated[
        CanonicalUUID | None,
        Field(
            description="The draft flow; given if session_kind is proposal, else absent.",
            examples=["91f3b5d7-2c4e-4a6b-8c0d-e1f2a3b4c5d6"],
        ),
    ] = None


@dataclass(kw_only=True)
class StartedData(WalkData):
    """`started`: a technician began a walk."""

    created_by: Annotated[CanonicalUUID, Field(description="The technician who started the walk.")]
    acting_as: ActingAs = None
    started_at: Annotated[Moment, Field(description="When it began, UTC.")]
    start_node_id: Annotated[
        str | None,
        Field(
            description="The node it begins at; absent: any may come first.",
            json_schema_extra={"maxLength": NODE_ID_CHARS},
        ),
    ] = None


@dataclass(kw_only=True)
class TerminalData(WalkData):
    """All that a connector needs of a walk that ended, with no call back."""

    created_by: Annotated[CanonicalUUID, Field(description="The technician who started the walk.")]
    user_id: Annotated[CanonicalUUID, Field(description="The technician who ended the walk.")]
    acting_as: ActingAs = None
    started_at: Annotated[Moment, Field(description="When it began, UTC.")]
    ended_at: Annotated[
        Moment, Field(description="When it ended, UTC; of several walks of one ticket the newest is by this.")
    ]
    duration_seconds: Annotated[
        int, Field(description="Whole seconds from started_at to ended_at.", ge=0, json_schema_extra=_SECONDS)
    ]
    active_seconds: Annotated[
        int,
        Field(
            description="Whole seconds of work, for billing: gaps over 15 minutes (a setting of the worker) are "
            "not counted.",
            ge=0,
            json_schema_extra=_SECONDS,
        ),
    ]
    walked_path: Annotated[
        Sequence[Annotated[PathEntry | Any, SkipValidation]],
        Field(description="What was walked, in order; see truncated."),
    ]
    walk_notes: Annotated[
        Sequence[Annotated[Note | Any, SkipValidation]],
        Field(description="The technicians' notes, in order; internal; see truncated."),
    ]
    path_count: Annotated[
        int,
        Field(description="Entries of the whole walked_path, cut or not.", ge=0, json_schema_extra=_ENTRIES),
    ]
    note_count: Annotated[
        int,
        Field(description="Entries of the whole walk_notes, cut or not.", ge=0, json_schema_extra=_ENTRIES),
    ]
    summary: Annotated[
        str,
        Field(
            description="The whole walk as plain text, for an internal PSA note.", max_length=SUMMARY_CHARS
        ),
    ]
    customer_summary: Annotated[
        str,
        Field(
            description="What the client may read: outcome and resolution, no technician's notes.",
            json_schema_extra={"maxLength": CUSTOMER_SUMMARY_CHARS},
        ),
    ]
    truncated: Annotated[
        Sequence[str] | None,
        Field(
            description=f"Names of the fields of which the middle was cut to keep the event within {EVENT_BYTES:,} "
            "bytes: walked_path, walk_notes, summary, customer_summary. Absent: none. Counts stay true, the worker's "
            "database keeps the whole.",
            examples=[["walked_path", "walk_notes"]],
        ),
    ] = None


@dataclass(kw_only=True)
class ResolvedData(TerminalData):
    """`resolved`: the walk solved the ticket."""

    resolution_notes: Annotated[
        str, Field(description="What solved it; never cut.", json_schema_extra={"maxLength": TEXT_CHARS})
    ]
    helpful: Annotated[
        bool | None, Field(description="Whether what was walked helped; absent: nobody said.")
    ] = None


@dataclass(kw_only=True)
class EscalatedData(TerminalData):
    """`escalated`: L1 could not resolve it."""

    reason: Annotated[
        str,
        Field(
            description="Why L1 could not resolve it; never cut.", json_schema_extra={"maxLength": TEXT_CHARS}
        ),
    ]
    reason_category: Annotated[
        str | None,
        Field(
            description="The kind of reason, in the words of the MSP.",
            examples=["hardware"],
            json_schema_extra={"maxLength": REASON_CATEGORY_CHARS},
        ),
    ] = None


@dataclass(kw_only=True)
class AbandonedData(TerminalData):
    """`abandoned`: the walk was left without either."""

    reason: Annotated[
        str | None,
        Field(description="Why, where somebody said.", json_schema_extra={"maxLength": ABANDON_REASON_CHARS}),
    ] = None


@dataclass(kw_only=True)
class FeedbackRecordedData(WalkData):
    """`feedback-recorded`: somebody said whether a resolved walk helped."""

    user_id: UserId
    acting_as: ActingAs = None
    helpful: Helpful


@dataclass(kw_only=True)
class ProposalValidatedData(WalkData):
    """`proposal-validated`: somebody said of a proposal walk whether the draft helped."""

    user_id: UserId
    acting_as: ActingAs = None
    helpful: Helpful


@dataclass(kw_only=True)
class Origin:
    """Where a record stood."""

    topic: Annotated[str, Field(description="The commands topic.", examples=["l1.walk.commands"])]
    partition: Annotated[int, Field(description="Its partition, from 0 on.", ge=0)]
    offset: Annotated[int, Field(description="Its offset in the partition, from 0 on.", ge=0)]


@dataclass(kw_only=True)
class ReceivedCommand:
    """A command as received, as text; bytes that are no UTF-8 are shown as U+FFFD."""

    key: Annotated[str | None, Field(description="The record's key; null where it had none.")]
    headers: Annotated[
        Sequence[tuple[str, str | None]], Field(description="The record's headers in order, name and value.")
    ]
    value: Annotated[str | None, Field(description="The record's value; null where it had none.")]
    truncated: Annotated[bool, Field(description="Whether any of these was cut.")] = False


@dataclass(kw_only=True)
class CommandRejectedData:
    """`command-rejected`: why a command was not accepted. The causation id is the command's id."""

    reason: Annotated[RejectionReason, Field(description="The first rule that said no.")]
    errors: Annotated[
        Sequence[FieldError] | None, Field(description="What is wrong, field by field, where it is invalid.")
    ] = None
    origin: Annotated[Origin, Field(description="Where the command stood.")]
    command_source: Annotated[
        str, Field(description="The command's source; with its id its identity.", examples=["/product/walks"])
    ]
    command_type: Annotated[str, Field(description="The command's type.", examples=["l1.walk.step.v1"])]
    command: Annotated[
        ReceivedCommand | None, Field(description="As received; absent where the account is gone.")
    ] = None


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
