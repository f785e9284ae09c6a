"""Which commands were handled, and how they ended: what upstream sends twice counts once (design 9, rule 3)."""

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from l1_walk_contracts import Outcome, RejectionReason
from service.store.database import Connection

Key = tuple[UUID, str, str]
"""Session, source, id of a command."""


class InboxEntry(NamedTuple):
    """A handled command, with its final outcome."""

    session_id: UUID
    source: str
    command_id: str
    digest: bytes
    outcome: Outcome
    reason: RejectionReason | None
    version: int | None
    """The session's version after it."""
    origin_partition: int
    origin_offset: int


async def find(connection: Connection, keys: Collection[Key]) -> dict[Key, bytes]:
    """The digests of those of the commands that were handled before."""
    rows = await connection.fetch(_FIND, *map(list, zip(*keys, strict=True)))
    return {(row[0], row[1], row[2]): row[3] for row in rows}


async def add(connection: Connection, entries: Sequence[InboxEntry]) -> None:
    """Keep what was handled; none of them is there yet."""
    await connection.copy_records_to_table("l1_walk_inbox", records=entries, columns=InboxEntry._fields)


async def forget(connection: Connection, session_ids: Collection[UUID]) -> None:
    """Forget every command of these walks."""
    await connection.execute("DELETE FROM l1_walk_inbox WHERE session_id = ANY($1::uuid[])", session_ids)


_FIND = """
SELECT i.session_id, i.source, i.command_id, i.digest
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS k(session_id, source, command_id)
JOIN l1_walk_inbox AS i USING (session_id, source, command_id)
"""
