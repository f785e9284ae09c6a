"""Walk sessions, read and written in sets: one statement for all that a batch starts, one for all it changes."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import msgspec

from l1_walk_contracts import SessionKind, SessionStatus, TicketKind
from service.domain.session import Session
from service.store.database import Connection
from service.store.entries import read_entries


async def load(connection: Connection, ids: Collection[UUID]) -> dict[UUID, Session]:
    """Those of the sessions that exist, locked in the order of their ids until the transaction ends."""
    rows = await connection.fetch(_LOAD, sorted(ids))
    return {row[0]: _session(row) for row in rows}


async def read(connection: Connection, session_id: UUID) -> Session | None:
    """One session as it stands, for those who only look; None where there is none."""
    row = await connection.fetchrow(_READ, [session_id])
    return None if row is None else _session(row)


async def insert(connection: Connection, sessions: Sequence[Session]) -> None:
    """Write sessions that are not there yet."""
    rows = ((*_fixed(s), *_changing(s), *_whole(s)) for s in sessions)
    await connection.copy_records_to_table("l1_walk_sessions", records=rows, columns=_WHOLE)


async def update(connection: Connection, changes: Sequence[tuple[Session, Session]]) -> None:
    """Write what changed of sessions that are locked: (as loaded, as it is now) each.

    A path only grows, so only what was added travels; of the notes too, where none was taken away.
    """
    columns = zip(*((new.id, *_changing(new), *_grown(old, new)) for old, new in changes), strict=True)
    await connection.execute(_UPDATE, *map(list, columns))


_encode = msgspec.json.Encoder().encode
_EMPTY = "[]"

_TICKET_KIND = {kind.value: kind for kind in TicketKind}
_SESSION_KIND = {kind.value: kind for kind in SessionKind}
_STATUS = {status.value: status for status in SessionStatus}


def _session(row: Any) -> Session:
    (
        id_, account_id, created_by_user_id, acting_as, ticket_id, ticket_kind, session_kind, flow_id,
        flow_proposal_id, current_node_id, walked_path, walk_notes, status, resolution_notes, helpful,
        escalation_reason, escalation_reason_category, started_at, last_step_at, resolved_at, version,
        home_partition,
    ) = row  # fmt: skip
    return Session(
        id=id_,
        account_id=account_id,
        created_by_user_id=created_by_user_id,
        acting_as=acting_as,
        ticket_id=ticket_id,
        ticket_kind=_TICKET_KIND[ticket_kind],
        session_kind=_SESSION_KIND[session_kind],
        flow_id=flow_id,
        flow_proposal_id=flow_proposal_id,
        current_node_id=current_node_id,
        walked_path=read_entries(walked_path),
        walk_notes=read_entries(walk_notes),
        status=_STATUS[status],
        resolution_notes=resolution_notes,
        helpful=helpful,
        escalation_reason=escalation_reason,
        escalation_reason_category=escalation_reason_category,
        started_at=started_at,
        last_step_at=last_step_at,
        resolved_at=resolved_at,
        version=version,
        home_partition=home_partition,
    )


def _json(entries: Sequence[Any]) -> str:
    return _encode(entries).decode() if entries else _EMPTY


def _fixed(s: Session) -> tuple[object, ...]:
    return (
        s.id, s.account_id, s.created_by_user_id, s.acting_as, s.ticket_id, s.ticket_kind, s.session_kind,
        s.flow_id, s.flow_proposal_id, s.started_at,
    )  # fmt: skip


def _changing(s: Session) -> tuple[object, ...]:
    return (
        s.current_node_id, s.status, s.resolution_notes, s.helpful, s.escalation_reason,
        s.escalation_reason_category, s.last_step_at, s.resolved_at, s.version, s.home_partition,
    )  # fmt: skip


def _whole(s: Session) -> tuple[str, str]:
    return _json(s.walked_path), _json(s.walk_notes)


def _grown(old: Session, new: Session) -> tuple[str | None, str | None, bool]:
    """What was added to the path and to the notes (None: nothing), and whether the notes are to be replaced."""
    steps = new.walked_path[len(old.walked_path) :]
    kept = len(old.walk_notes)
    replaced = new.walk_notes[:kept] != old.walk_notes
    notes = new.walk_notes if replaced else new.walk_notes[kept:]
    return _json(steps) if steps else None, _json(notes) if notes or replaced else None, replaced


_FIXED = (
    "id", "account_id", "created_by_user_id", "acting_as", "ticket_id", "ticket_kind", "session_kind",
    "flow_id", "flow_proposal_id", "started_at",
)  # fmt: skip

_CHANGING = (
    "current_node_id", "status", "resolution_notes", "helpful", "escalation_reason",
    "escalation_reason_category", "last_step_at", "resolved_at", "version", "home_partition",
)  # fmt: skip

_WHOLE = (*_FIXED, *_CHANGING, "walked_path", "walk_notes")

_READ = """
SELECT id, account_id, created_by_user_id, acting_as, ticket_id, ticket_kind, session_kind, flow_id,
  flow_proposal_id, current_node_id, walked_path::text, walk_notes::text, status, resolution_notes,
  helpful, escalation_reason, escalation_reason_category, started_at, last_step_at, resolved_at, version,
  home_partition
FROM l1_walk_sessions WHERE id = ANY($1::uuid[]) ORDER BY id
"""

_LOAD = _READ + "FOR UPDATE"

_UPDATE = f"""
UPDATE l1_walk_sessions AS s SET
  current_node_id = u.current_node_id,
  walked_path = CASE WHEN u.steps IS NULL THEN s.walked_path ELSE s.walked_path || u.steps::jsonb END,
  walk_notes = CASE WHEN u.notes IS NULL THEN s.walk_notes WHEN u.replaced THEN u.notes::jsonb
                    ELSE s.walk_notes || u.notes::jsonb END,
  status = u.status,
  resolution_notes = u.resolution_notes,
  helpful = u.helpful,
  escalation_reason = u.escalation_reason,
  escalation_reason_category = u.escalation_reason_category,
  last_step_at = u.last_step_at,
  resolved_at = u.resolved_at,
  version = u.version,
  home_partition = u.home_partition,
  updated_at = now()
FROM unnest(
  $1::uuid[], $2::text[], $3::text[], $4::text[], $5::bool[], $6::text[],
  $7::text[], $8::timestamptz[], $9::timestamptz[], $10::int[], $11::int[], $12::text[], $13::text[], $14::bool[]
) AS u(id, {", ".join(_CHANGING)}, steps, notes, replaced)
WHERE s.id = u.id
"""  # noqa: S608 - made of constants
