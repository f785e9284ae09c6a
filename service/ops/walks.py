"""One walk as the database has it, and what can be told of its end from there."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from l1_walk_contracts import (
    AbandonData,
    EscalateData,
    EscalateWithoutWalkData,
    ResolveData,
    SessionKind,
    SessionStatus,
)
from service.domain.history import Last, read_history
from service.domain.rules import Rules
from service.domain.session import Session
from service.domain.summary import customer_summary, summary
from service.store import sessions

if TYPE_CHECKING:
    from service.store.database import Connection


class Held(NamedTuple):
    """What a walk waits for."""

    dead_letter_id: UUID
    since: datetime
    parked: int
    """Commands that wait behind the dead letter."""


class Told(NamedTuple):
    """A walk, and how long it took; the texts are None while it goes on."""

    session: Session
    duration_seconds: int
    active_seconds: int
    summary: str | None
    customer_summary: str | None
    held: Held | None = None
    """None where nothing of it waits behind a dead letter."""


async def find(connection: "Connection", session_id: UUID, rules: Rules) -> Told | None:
    """The walk with this id; None where there is none."""
    session = await sessions.read(connection, session_id)
    return None if session is None else tell(session, rules)._replace(held=await held(connection, session_id))


async def held(connection: "Connection", session_id: UUID) -> Held | None:
    """What the walk with this id waits for, also where its start waits and there is no walk yet; None: nothing."""
    row = await connection.fetchrow(_HELD, session_id)
    return None if row is None else Held(*row)


def tell(session: Session, rules: Rules) -> Told:
    """The texts as in the event of its end, as far as the row knows: not who ended it, nor why it was abandoned.

    For the one stands who made the last entry, for the other nothing.
    """
    walk = read_history(session, _last(session), rules)
    if session.status is SessionStatus.ACTIVE:
        return Told(session, walk.duration_seconds, walk.active_seconds, None, None)
    return Told(session, walk.duration_seconds, walk.active_seconds, summary(walk), customer_summary(walk))


def _last(session: Session) -> Last:
    """The command that ended the walk; unchecked, since rows that upstream wrote may hold anything."""
    who: dict[str, Any] = {"account_id": session.account_id, "user_id": _latest_user(session)}
    match session.status:
        case SessionStatus.RESOLVED:
            return ResolveData.model_construct(**who, resolution_notes=session.resolution_notes or "")
        case SessionStatus.ESCALATED:
            born_so = session.session_kind is SessionKind.ADHOC and session.started_at == session.last_step_at
            made = EscalateWithoutWalkData if born_so else EscalateData
            return made.model_construct(
                **who,
                reason=session.escalation_reason or "",
                reason_category=session.escalation_reason_category,
            )
        case _:
            return AbandonData.model_construct(**who)


def _latest_user(session: Session) -> UUID:
    entries = [e for e in (*session.walked_path, *session.walk_notes) if isinstance(e, dict)]
    dated = [e for e in entries if isinstance(e.get("at"), str) and isinstance(e.get("user_id"), str)]
    try:
        return UUID(max(dated, key=lambda e: e["at"])["user_id"])
    except ValueError:
        return session.created_by_user_id


_HELD = """
SELECT h.dead_letter_id, h.since,
  (SELECT count(*) FROM l1_walk_dead_letters AS d WHERE d.parked_behind = h.dead_letter_id AND d.state = 'open')
FROM l1_walk_held AS h WHERE h.session_id = $1
"""
