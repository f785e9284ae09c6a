"""Which sessions are held behind a dead letter (design 9, rule 4)."""

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from service.store.database import Connection


class Hold(NamedTuple):
    """A session that is held: what follows for it in its partition is parked."""

    session_id: UUID
    dead_letter_id: UUID
    """The one that stands first: what is parked waits behind it."""
    partition: int


async def load(connection: Connection, session_ids: Collection[UUID]) -> dict[UUID, Hold]:
    """Those of the sessions that are held, locked in the order of their ids until the transaction ends."""
    if not await connection.fetchval(_ANY):  # as it is nearly always: thousands of ids need not be sent
        return {}
    return {row[0]: Hold(*row) for row in await connection.fetch(_LOAD, session_ids)}


async def add(connection: Connection, holds: Collection[Hold]) -> None:
    """Hold these sessions."""
    await connection.execute(_ADD, *map(list, zip(*sorted(holds), strict=True)))


async def release(connection: Connection, session_id: UUID | None, dead_letter_id: UUID) -> None:
    """Hold the session of this dead letter behind it no more; None: it has none."""
    await connection.execute(_RELEASE, session_id, dead_letter_id)


_ANY = "SELECT EXISTS (SELECT FROM l1_walk_held)"

_LOAD = """
SELECT session_id, dead_letter_id, partition FROM l1_walk_held
WHERE session_id = ANY($1::uuid[]) ORDER BY session_id FOR UPDATE
"""

_RELEASE = "DELETE FROM l1_walk_held WHERE session_id = $1 AND dead_letter_id = $2"

_ADD = """
INSERT INTO l1_walk_held (session_id, dead_letter_id, partition)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[])
ON CONFLICT (session_id) DO UPDATE SET dead_letter_id = excluded.dead_letter_id, partition = excluded.partition
"""
