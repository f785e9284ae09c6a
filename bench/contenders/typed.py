"""Typed commands and the rules of a walk, shared by the two contenders that are written with FastStream.

The data of a command has the models of the contracts, with all their checks. The rules are the least that the
measured traffic needs, and the summary is one line: in what they leave out these two have it easier than the worker.
"""

import datetime as dt
import uuid
from typing import Annotated, Any, Literal, Protocol

from pydantic import AwareDatetime, BaseModel, Field

from l1_walk_contracts import (
    EscalateData,
    EscalatedData,
    Event,
    EventKind,
    NoteData,
    ResolveData,
    ResolvedData,
    SessionKind,
    StartData,
    StartedData,
    StepData,
    Ticket,
    TicketKind,
    ended_id,
    started_id,
)


class _Envelope(BaseModel):
    specversion: Literal["1.0"]
    id: str = Field(min_length=1, max_length=128)
    source: str = Field(min_length=1, max_length=128)
    subject: uuid.UUID
    time: AwareDatetime


class Start(_Envelope):
    type: Literal["l1.walk.start.v1"]
    data: StartData


class Step(_Envelope):
    type: Literal["l1.walk.step.v1"]
    data: StepData


class Note(_Envelope):
    type: Literal["l1.walk.note.v1"]
    data: NoteData


class Resolve(_Envelope):
    type: Literal["l1.walk.resolve.v1"]
    data: ResolveData


class Escalate(_Envelope):
    type: Literal["l1.walk.escalate.v1"]
    data: EscalateData


Command = Annotated[Start | Step | Note | Resolve | Escalate, Field(discriminator="type")]


class RuleError(Exception):
    """The walk does not allow the command."""


class Walk(Protocol):
    """A row of `l1_walk_sessions`, whatever holds it."""

    id: Any
    account_id: Any
    created_by_user_id: Any
    acting_as: Any
    ticket_id: Any
    ticket_kind: Any
    session_kind: Any
    flow_id: Any
    current_node_id: Any
    walked_path: Any
    walk_notes: Any
    status: Any
    resolution_notes: Any
    helpful: Any
    escalation_reason: Any
    escalation_reason_category: Any
    started_at: Any
    last_step_at: Any
    resolved_at: Any
    version: Any


def started(command: Start) -> dict[str, Any]:
    """The row of a new walk."""
    data = command.data
    return {
        "id": command.subject,
        "account_id": data.account_id,
        "created_by_user_id": data.user_id,
        "acting_as": data.acting_as,
        "ticket_id": data.ticket.id,
        "ticket_kind": data.ticket.kind.value,
        "session_kind": data.session_kind.value,
        "flow_id": data.flow_id,
        "flow_proposal_id": data.flow_proposal_id,
        "current_node_id": data.start_node_id,
        "walked_path": [],
        "walk_notes": [],
        "status": "active",
        "started_at": command.time,
        "last_step_at": command.time,
        "version": 1,
    }


def change(walk: Walk, command: Step | Note | Resolve | Escalate) -> None:
    """Do to the walk what the command says.

    Raises:
        RuleError: the walk has ended, or is another account's.
    """
    data = command.data
    if walk.status != "active" or walk.account_id != data.account_id:
        raise RuleError(f"{command.type} on {walk.id}")
    signed = {"user_id": str(data.user_id), "at": command.time.isoformat()}
    if isinstance(command, Step):
        entry = command.data.model_dump(
            include={"node_id", "question", "answer", "answer_label", "note", "next_node_id"},
            exclude_none=True,
        )
        walk.walked_path = [*walk.walked_path, {**entry, **signed, "kind": "step"}]
        walk.current_node_id = command.data.next_node_id or command.data.node_id
    elif isinstance(command, Note):
        walk.walk_notes = [*walk.walk_notes, {"text": command.data.text, **signed}]
    elif isinstance(command, Resolve):
        walk.status = "resolved"
        walk.resolution_notes = command.data.resolution_notes
        walk.helpful = command.data.helpful
        walk.resolved_at = command.time
    else:
        walk.status = "escalated"
        walk.escalation_reason = command.data.reason
        walk.escalation_reason_category = command.data.reason_category
    walk.last_step_at = max(walk.last_step_at, command.time)
    walk.version += 1


def event_of(walk: Walk, command: Start | Step | Note | Resolve | Escalate) -> Event | None:
    """What is to be told of the walk after the command."""
    if isinstance(command, Start):
        told = StartedData(
            **_which(walk),
            created_by=walk.created_by_user_id,
            acting_as=walk.acting_as,
            started_at=walk.started_at,
        )
        return _event(EventKind.STARTED, started_id(str(walk.id)), walk, command, told)
    if isinstance(command, Resolve):
        resolved = ResolvedData(
            **_ended(walk, command.data.user_id),
            resolution_notes=walk.resolution_notes,
            helpful=walk.helpful,
        )
        return _event(EventKind.RESOLVED, ended_id(str(walk.id)), walk, command, resolved)
    if isinstance(command, Escalate):
        escalated = EscalatedData(
            **_ended(walk, command.data.user_id),
            reason=walk.escalation_reason,
            reason_category=walk.escalation_reason_category,
        )
        return _event(EventKind.ESCALATED, ended_id(str(walk.id)), walk, command, escalated)
    return None


def _event(
    kind: EventKind,
    id_: str,
    walk: Walk,
    command: Start | Step | Note | Resolve | Escalate,
    told: StartedData | ResolvedData | EscalatedData,
) -> Event:
    return Event(
        id=id_,
        kind=kind,
        source="/l1-walk-worker",
        session_id=str(walk.id),
        time=command.time,
        account_id=walk.account_id,
        session_version=walk.version,
        causation_id=command.id,
        data=told,
    )


def _which(walk: Walk) -> dict[str, Any]:
    return {
        "session_id": walk.id,
        "account_id": walk.account_id,
        "ticket": Ticket(id=walk.ticket_id, kind=TicketKind(walk.ticket_kind)),
        "session_kind": SessionKind(walk.session_kind),
        "flow_id": walk.flow_id,
    }


def _ended(walk: Walk, user_id: uuid.UUID) -> dict[str, Any]:
    seconds = int((walk.last_step_at - walk.started_at) / dt.timedelta(seconds=1))
    return {
        **_which(walk),
        "created_by": walk.created_by_user_id,
        "user_id": user_id,
        "started_at": walk.started_at,
        "ended_at": walk.last_step_at,
        "duration_seconds": seconds,
        "active_seconds": seconds,
        "walked_path": walk.walked_path,
        "walk_notes": walk.walk_notes,
        "path_count": len(walk.walked_path),
        "note_count": len(walk.walk_notes),
        "summary": f"Ticket {walk.ticket_id}: {walk.status} after {len(walk.walked_path)} steps",
        "customer_summary": f"Your request (ticket {walk.ticket_id}): {walk.status}",
    }
