"""What is told of a walk: events, from a session as it now stands and the command that made it so."""

from typing import Any

from l1_walk_contracts import (
    AbandonData,
    AbandonedData,
    Command,
    EscalateData,
    EscalatedData,
    Event,
    EventData,
    EventKind,
    FeedbackData,
    FeedbackRecordedData,
    ProposalValidatedData,
    ResolveData,
    ResolvedData,
    StartData,
    StartedData,
    Ticket,
    walk_event_id,
)
from service.domain.history import Last, read_history
from service.domain.rules import Rules
from service.domain.session import Session
from service.domain.summary import customer_summary, summary


def started(session: Session, data: StartData, command: Command, rules: Rules) -> Event:
    """A technician began a walk."""
    told = StartedData(
        session_id=session.id,
        account_id=session.account_id,
        ticket=data.ticket,
        session_kind=session.session_kind,
        flow_id=session.flow_id,
        flow_proposal_id=session.flow_proposal_id,
        created_by=session.created_by_user_id,
        acting_as=session.acting_as,
        started_at=session.started_at,
        start_node_id=session.current_node_id,
    )
    return _event(told, session, command, rules, EventKind.STARTED)


def resolved(session: Session, data: ResolveData, command: Command, rules: Rules) -> Event:
    """The walk solved the ticket."""
    told = ResolvedData(
        **_whole(session, data, rules), resolution_notes=data.resolution_notes, helpful=session.helpful
    )
    return _event(told, session, command, rules, EventKind.RESOLVED)


def escalated(session: Session, data: EscalateData, command: Command, rules: Rules) -> Event:
    """L1 could not resolve it."""
    told = EscalatedData(
        **_whole(session, data, rules), reason=data.reason, reason_category=data.reason_category
    )
    return _event(told, session, command, rules, EventKind.ESCALATED)


def abandoned(session: Session, data: AbandonData, command: Command, rules: Rules) -> Event:
    """The walk was left; why is told here and nowhere else."""
    told = AbandonedData(**_whole(session, data, rules), reason=data.reason)
    return _event(told, session, command, rules, EventKind.ABANDONED)


def feedback_recorded(session: Session, data: FeedbackData, command: Command, rules: Rules) -> Event:
    """Somebody said whether a resolved walk helped."""
    told = FeedbackRecordedData(
        **_which(session), user_id=data.user_id, acting_as=data.acting_as, helpful=data.helpful
    )
    return _event(told, session, command, rules, EventKind.FEEDBACK_RECORDED)


def proposal_validated(session: Session, helpful: bool, command: Command, rules: Rules) -> Event:
    """Somebody said whether the draft that was walked helped."""
    data = command.data
    told = ProposalValidatedData(
        **_which(session), user_id=data.user_id, acting_as=data.acting_as, helpful=helpful
    )
    return _event(told, session, command, rules, EventKind.PROPOSAL_VALIDATED)


def _event(told: EventData, session: Session, command: Command, rules: Rules, kind: EventKind) -> Event:
    return Event(
        id=walk_event_id(command.session_id, session.version, kind),
        kind=kind,
        source=rules.event_source,
        session_id=command.session_id,
        time=command.time,
        account_id=session.account_id,
        session_version=session.version,
        causation_id=command.id,
        traceparent=command.traceparent,
        data=told,
    )


def _which(session: Session) -> dict[str, Any]:
    """The fields of `WalkData`."""
    return {
        "session_id": session.id,
        "account_id": session.account_id,
        "ticket": Ticket(id=session.ticket_id, kind=session.ticket_kind),
        "session_kind": session.session_kind,
        "flow_id": session.flow_id,
        "flow_proposal_id": session.flow_proposal_id,
    }


def _whole(session: Session, last: Last, rules: Rules) -> dict[str, Any]:
    """The fields of `TerminalData`: all that a connector needs, with no call back (design 7)."""
    walk = read_history(session, last, rules)
    return {
        **_which(session),
        "created_by": session.created_by_user_id,
        "user_id": last.user_id,
        "acting_as": last.acting_as,
        "started_at": session.started_at,
        "ended_at": walk.ended_at,
        "duration_seconds": walk.duration_seconds,
        "active_seconds": walk.active_seconds,
        "walked_path": session.walked_path,
        "walk_notes": session.walk_notes,
        "path_count": len(session.walked_path),
        "note_count": len(session.walk_notes),
        "summary": summary(walk),
        "customer_summary": customer_summary(walk),
    }
