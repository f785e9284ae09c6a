"""How a walk begins: started, or born escalated."""

from uuid import UUID

from l1_walk_contracts import (
    Command,
    EscalateWithoutWalkData,
    SessionKind,
    SessionStatus,
    StartData,
)
from service.domain import events
from service.domain.decision import Accepted
from service.domain.rules import Rules
from service.domain.session import Session


def start(data: StartData, command: Command, rules: Rules) -> Accepted:
    """A new active session, which stands at `start_node_id` where one is given."""
    session = Session(
        id=UUID(command.session_id),
        account_id=data.account_id,
        created_by_user_id=data.user_id,
        acting_as=data.acting_as,
        ticket_id=data.ticket.id,
        ticket_kind=data.ticket.kind,
        session_kind=data.session_kind,
        flow_id=data.flow_id,
        flow_proposal_id=data.flow_proposal_id,
        current_node_id=data.start_node_id,
        started_at=command.time,
        last_step_at=command.time,
    )
    return Accepted(session, (events.started(session, data, command, rules),))


def escalate_without_walk(data: EscalateWithoutWalkData, command: Command, rules: Rules) -> Accepted:
    """A session that nobody walked: ad hoc, with an empty path, escalated from its first moment."""
    session = Session(
        id=UUID(command.session_id),
        account_id=data.account_id,
        created_by_user_id=data.user_id,
        acting_as=data.acting_as,
        ticket_id=data.ticket.id,
        ticket_kind=data.ticket.kind,
        session_kind=SessionKind.ADHOC,
        status=SessionStatus.ESCALATED,
        escalation_reason=data.reason,
        escalation_reason_category=data.reason_category,
        started_at=command.time,
        last_step_at=command.time,
    )
    return Accepted(session, (events.escalated(session, data, command, rules),))
