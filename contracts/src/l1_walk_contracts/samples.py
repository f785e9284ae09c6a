"""One message of every type, as the schemas show them: parts of walks that could have been."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from .commands import (
    AbandonData,
    CommandData,
    EscalateData,
    EscalateWithoutWalkData,
    FeedbackData,
    NoteData,
    NoteItem,
    ReplaceNotesData,
    ResolveData,
    RewindData,
    StartData,
    StepData,
    Ticket,
)
from .events import (
    AbandonedData,
    CommandRejectedData,
    EscalatedData,
    Event,
    EventData,
    FeedbackRecordedData,
    Origin,
    ProposalValidatedData,
    ReceivedCommand,
    ResolvedData,
    StartedData,
)
from .ids import rejection_id, walk_event_id
from .records import FieldError
from .vocabulary import EventKind, RejectionReason, SessionKind, TicketKind, Verb

SESSION: Final = UUID("0b9d6f5e-3c1a-4d6e-8f57-2a9c4e1d7b30")
ACCOUNT: Final = UUID("5d0c7a52-9f0e-4a39-b1a7-6c2f8e4d9b11")
TECHNICIAN: Final = UUID("c7e1f3a8-64b2-4f0d-9a5c-1b8d2e7f6a43")
FLOW: Final = UUID("e2a4c6d8-1b3f-4c5e-8d7a-9f0b1c2d3e4f")
PROPOSAL: Final = UUID("91f3b5d7-2c4e-4a6b-8c0d-e1f2a3b4c5d6")
COMMAND_ID: Final = "3f8a1c5d-7e92-4b06-a4d3-8c5f1e2b9a70"
SOURCE: Final = "/product/walks"
STARTED: Final = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
ENDED: Final = datetime(2026, 1, 31, 9, 42, tzinfo=UTC)
TICKET: Final = Ticket("T20260131.0042", TicketKind.PSA)

_sender: Final[dict[str, Any]] = {"account_id": ACCOUNT, "user_id": TECHNICIAN}

COMMANDS: Final[Mapping[Verb, CommandData]] = MappingProxyType(
    {
        Verb.START: StartData(
            **_sender, ticket=TICKET, session_kind=SessionKind.FLOW, flow_id=FLOW, start_node_id="link-light"
        ),
        Verb.STEP: StepData(
            **_sender,
            node_id="link-light",
            question="Is the link light of the printer on?",
            answer="no",
            answer_label="No",
            note="The cable was loose.",
            next_node_id="cable",
        ),
        Verb.REWIND: RewindData(**_sender, node_id="link-light"),
        Verb.NOTE: NoteData(**_sender, text="The user calls back at ten.", node_id="cable"),
        Verb.REPLACE_NOTES: ReplaceNotesData(
            **_sender, notes=(NoteItem("The user calls back at ten.", "cable"), NoteItem("She did."))
        ),
        Verb.RESOLVE: ResolveData(
            **_sender, resolution_notes="Plugged the network cable back in.", helpful=True
        ),
        Verb.ESCALATE: EscalateData(
            **_sender, reason="The switch port is dead.", reason_category="hardware", expected_version=4
        ),
        Verb.ESCALATE_WITHOUT_WALK: EscalateWithoutWalkData(
            **_sender, ticket=TICKET, reason="The whole site is offline.", reason_category="outage"
        ),
        Verb.ABANDON: AbandonData(**_sender, reason="The user does not answer.", idle_since=ENDED),
        Verb.FEEDBACK: FeedbackData(**_sender, helpful=True, acting_as="l1_coverage"),
    }
)

_walk: Final[dict[str, Any]] = {
    "session_id": SESSION,
    "account_id": ACCOUNT,
    "ticket": TICKET,
    "session_kind": SessionKind.FLOW,
    "flow_id": FLOW,
}
_proposal: Final = _walk | {
    "session_kind": SessionKind.PROPOSAL,
    "flow_id": None,
    "flow_proposal_id": PROPOSAL,
}
_ended: Final[dict[str, Any]] = _walk | {
    "created_by": TECHNICIAN,
    "user_id": TECHNICIAN,
    "started_at": STARTED,
    "ended_at": ENDED,
    "duration_seconds": 720,
    "active_seconds": 720,
    "walked_path": [
        {
            "node_id": "link-light",
            "question": "Is the link light of the printer on?",
            "answer": "no",
            "answer_label": "No",
            "user_id": str(TECHNICIAN),
            "at": "2026-01-31T09:33:00Z",
            "kind": "step",
        }
    ],
    "walk_notes": [
        {
            "text": "The user calls back at ten.",
            "node_id": "link-light",
            "user_id": str(TECHNICIAN),
            "at": "2026-01-31T09:34:00Z",
        }
    ],
    "path_count": 1,
    "note_count": 1,
    "summary": "1. Is the link light of the printer on? No\nNote: The user calls back at ten.",
}
_RESOLVED: Final = """Your request (ticket T20260131.0042) has been resolved.

What was done:
Plugged the network cable back in."""
_ESCALATED: Final = (
    "Your request (ticket T20260131.0042) could not be resolved by first-line support and has been passed on."
)
_ABANDONED: Final = "Your request (ticket T20260131.0042) was worked on, but is not resolved yet."
_rejected: Final = CommandRejectedData(
    reason=RejectionReason.INVALID,
    errors=(FieldError("data.answer", "is required"),),
    origin=Origin(topic="l1.walk.commands", partition=7, offset=1402),
    command_source=SOURCE,
    command_type=Verb.STEP.type,
    command=ReceivedCommand(
        key=str(SESSION),
        headers=[("content-type", "application/cloudevents+json")],
        value='{"specversion":"1.0","id":"3f8a1c5d-7e92-4b06-a4d3-8c5f1e2b9a70"}',
        truncated=True,
    ),
)
_data: Final[Mapping[EventKind, EventData]] = {
    EventKind.STARTED: StartedData(
        **_walk, created_by=TECHNICIAN, started_at=STARTED, start_node_id="link-light"
    ),
    EventKind.RESOLVED: ResolvedData(
        **_ended,
        customer_summary=_RESOLVED,
        resolution_notes="Plugged the network cable back in.",
        helpful=True,
    ),
    EventKind.ESCALATED: EscalatedData(
        **_ended,
        customer_summary=_ESCALATED,
        reason="The switch port is dead.",
        reason_category="hardware",
    ),
    EventKind.ABANDONED: AbandonedData(
        **_ended, customer_summary=_ABANDONED, reason="The user does not answer."
    ),
    EventKind.FEEDBACK_RECORDED: FeedbackRecordedData(
        **_walk, user_id=TECHNICIAN, acting_as="l1_coverage", helpful=True
    ),
    EventKind.PROPOSAL_VALIDATED: ProposalValidatedData(**_proposal, user_id=TECHNICIAN, helpful=True),
    EventKind.COMMAND_REJECTED: _rejected,
}


def _id(kind: EventKind) -> str:
    if kind is EventKind.COMMAND_REJECTED:
        return rejection_id("l1.walk.commands", 7, 1402, b"digest")
    return walk_event_id(str(SESSION), 4, kind)


EVENTS: Final[Mapping[EventKind, Event]] = MappingProxyType(
    {
        kind: Event(
            id=_id(kind),
            kind=kind,
            source="/l1-walk-worker",
            session_id=str(SESSION),
            time=STARTED if kind is EventKind.STARTED else ENDED,
            account_id=ACCOUNT,
            session_version=1 if kind is EventKind.STARTED else 4,
            causation_id=COMMAND_ID,
            data=data,
        )
        for kind, data in _data.items()
    }
)
