"""How a walk ends, and what is said of it afterwards."""

from l1_walk_contracts import (
    AbandonData,
    Command,
    EscalateData,
    FeedbackData,
    RejectionReason,
    ResolveData,
    SessionKind,
    SessionStatus,
)
from service.domain import events
from service.domain.decision import Accepted
from service.domain.rules import Rules
from service.domain.session import Session, follow


def resolve(session: Session, data: ResolveData, command: Command, rules: Rules) -> Accepted:
    """The walk solved the ticket; on a proposal walk, a word on whether it helped validates the proposal."""
    after = follow(
        session,
        command.time,
        status=SessionStatus.RESOLVED,
        resolution_notes=data.resolution_notes,
        helpful=session.helpful if data.helpful is None else data.helpful,
        resolved_at=max(session.last_step_at, command.time),
    )
    resolved = events.resolved(after, data, command, rules)
    if data.helpful is None or session.session_kind is not SessionKind.PROPOSAL:
        return Accepted(after, (resolved,))
    return Accepted(after, (resolved, events.proposal_validated(after, data.helpful, command, rules)))


def escalate(session: Session, data: EscalateData, command: Command, rules: Rules) -> Accepted:
    """L1 could not resolve it."""
    after = follow(
        session,
        command.time,
        status=SessionStatus.ESCALATED,
        escalation_reason=data.reason,
        escalation_reason_category=data.reason_category,
    )
    return Accepted(after, (events.escalated(after, data, command, rules),))


def abandon(
    session: Session, data: AbandonData, command: Command, rules: Rules
) -> Accepted | RejectionReason:
    """Left without either; with `idle_since`, only if nothing happened after it."""
    if data.idle_since is not None and session.last_step_at > data.idle_since:
        return RejectionReason.NOT_IDLE
    after = follow(session, command.time, status=SessionStatus.ABANDONED)
    return Accepted(after, (events.abandoned(after, data, command, rules),))


def feedback(session: Session, data: FeedbackData, command: Command, rules: Rules) -> Accepted:
    """Whether a resolved walk helped; the value that stands already changes nothing."""
    if session.helpful is data.helpful:
        return Accepted(session)
    after = follow(session, command.time, helpful=data.helpful)
    recorded = events.feedback_recorded(after, data, command, rules)
    if session.session_kind is not SessionKind.PROPOSAL:
        return Accepted(after, (recorded,))
    return Accepted(after, (recorded, events.proposal_validated(after, data.helpful, command, rules)))
