"""A walk as it stands: one technician on one ticket (design 12)."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from l1_walk_contracts import SessionKind, SessionStatus, TicketKind


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `l1_walk_sessions`, without the database's own clock; never changed, only followed."""

    id: UUID
    account_id: UUID
    created_by_user_id: UUID
    acting_as: str | None = None
    """In what role it was started; None for a native L1 technician."""
    ticket_id: str
    ticket_kind: TicketKind
    session_kind: SessionKind
    flow_id: UUID | None = None
    flow_proposal_id: UUID | None = None
    current_node_id: str | None = None
    """Where the walk stands; None where nothing is known yet."""
    walked_path: tuple[Any, ...] = ()
    """JSON values, in our rows `PathEntry` objects; upstream's old rows may hold any shape."""
    walk_notes: tuple[Any, ...] = ()
    """JSON values, in our rows `Note` objects; upstream's old rows may hold any shape."""
    status: SessionStatus = SessionStatus.ACTIVE
    resolution_notes: str | None = None
    helpful: bool | None = None
    escalation_reason: str | None = None
    escalation_reason_category: str | None = None
    started_at: datetime
    last_step_at: datetime
    """The time of the last accepted command; never goes back (design 6)."""
    resolved_at: datetime | None = None
    """Set by `resolve` alone (design 6)."""
    version: int = 1
    """Raised by every accepted command that changes something (design 6)."""
    home_partition: int | None = None
    """Where its commands come from; None for an adopted row that no command has changed yet (design 3)."""


def follow(session: Session, at: datetime, **changes: Any) -> Session:
    """The session after an accepted command of that time: a version higher, its clock never back."""
    return msgspec.structs.replace(
        session, version=session.version + 1, last_step_at=max(session.last_step_at, at), **changes
    )
