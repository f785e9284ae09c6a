"""Walks of which nothing was handled for a long time, by the database's clock (design 9, rule 7)."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from service.store.database import Connection


class Place(NamedTuple):
    """Where a walk stands among the idle ones."""

    updated_at: datetime
    id: UUID


class Idle(NamedTuple):
    """An active walk that nobody goes on with."""

    id: UUID
    account_id: UUID
    created_by_user_id: UUID
    last_step_at: datetime
    version: int
    home_partition: int | None
    """None: it is not known, so its key tells."""
    updated_at: datetime

    @property
    def place(self) -> Place:
        """Where it stands among them."""
        return Place(self.updated_at, self.id)


async def find(connection: Connection, idle_after: timedelta, after: Place | None, limit: int) -> list[Idle]:
    """The first of them behind a place, the longest idle first: not held, and neither account nor user gone."""
    rows = await connection.fetch(_FIND, idle_after, *(after or (None, None)), limit)
    return [Idle(*row) for row in rows]


async def still(connection: Connection, idle: Collection[Idle]) -> list[Idle]:
    """Those of them that are as they were: active, of the same version and home, and not held."""
    columns = map(list, zip(*((one.id, one.version, one.updated_at) for one in idle), strict=True))
    same = {row[0] for row in await connection.fetch(_STILL, *columns)}
    return [one for one in idle if one.id in same]


_FIND = """
SELECT s.id, s.account_id, s.created_by_user_id, s.last_step_at, s.version, s.home_partition, s.updated_at
FROM l1_walk_sessions AS s
WHERE s.status = 'active' AND s.updated_at < now() - $1::interval
  AND ($2::timestamptz IS NULL OR (s.updated_at, s.id) > ($2::timestamptz, $3::uuid))
  AND NOT EXISTS (SELECT FROM l1_walk_held AS h WHERE h.session_id = s.id)
  AND NOT EXISTS (
    SELECT FROM l1_walk_references AS r
    WHERE r.gone AND (r.kind, r.id) IN (('account', s.account_id), ('user', s.created_by_user_id)))
ORDER BY s.updated_at, s.id LIMIT $4
"""

_STILL = """
SELECT s.id FROM unnest($1::uuid[], $2::int[], $3::timestamptz[]) AS i(id, version, updated_at)
JOIN l1_walk_sessions AS s USING (id, version, updated_at)
WHERE s.status = 'active' AND NOT EXISTS (SELECT FROM l1_walk_held AS h WHERE h.session_id = s.id)
"""
