"""What is kept for a time only: the commands of ended walks, and dead letters (design 9, rule 8).

Both tables are gone through by their primary key, a page at a time, so that a step costs the same however large they
are. What a step deletes no batch waits for: a batch adds commands to the inbox and never changes one, and a letter
that somebody holds is passed over.
"""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from service.store.database import Connection


class Page(NamedTuple):
    """What one step did."""

    removed: int
    last: UUID | None
    """Where it ended: the next step begins behind it; None: it came to the end of the table."""


async def expire_inbox(connection: Connection, retention: timedelta, after: UUID | None, limit: int) -> Page:
    """Of the next so many walks in the inbox, forget the commands of those that ended longer ago than that.

    By `updated_at`, so never by the commands' times. A walk that is held is kept, since commands for it still wait. Of
    a walk that is not there any more, forget what was handled longer ago than that.
    """
    ids = [row[0] for row in await connection.fetch(_WALKS, after or _BEFORE_ALL, limit)]
    removed = int((await connection.execute(_EXPIRE_INBOX, ids, retention)).removeprefix("DELETE "))
    return Page(removed, ids[-1] if len(ids) == limit else None)


async def expire_dead_letters(
    connection: Connection, retention: timedelta, after: UUID | None, limit: int
) -> Page:
    """Of the next so many letters, remove those settled longer ago than that, and those that nobody could read.

    A letter that is open and names a walk is never removed: it is owed to somebody.
    """
    ids = [row[0] for row in await connection.fetch(_LETTERS, after or _BEFORE_ALL, limit)]
    removed = int((await connection.execute(_EXPIRE_LETTERS, ids, retention)).removeprefix("DELETE "))
    return Page(removed, ids[-1] if len(ids) == limit else None)


_BEFORE_ALL = UUID(int=0)

_WALKS = """
WITH RECURSIVE walks AS (
  (SELECT session_id FROM l1_walk_inbox WHERE session_id > $1 ORDER BY session_id LIMIT 1)
  UNION ALL
  SELECT (SELECT i.session_id FROM l1_walk_inbox AS i WHERE i.session_id > w.session_id ORDER BY i.session_id LIMIT 1)
  FROM walks AS w WHERE w.session_id IS NOT NULL
)
SELECT session_id FROM walks WHERE session_id IS NOT NULL LIMIT $2
"""
"""From walk to walk along the index, past the commands of each."""

_EXPIRE_INBOX = """
DELETE FROM l1_walk_inbox AS i USING unnest($1::uuid[]) AS w(id) LEFT JOIN l1_walk_sessions AS s USING (id)
WHERE i.session_id = w.id
  AND CASE WHEN s.id IS NULL THEN i.handled_at < now() - $2::interval
      ELSE s.status <> 'active' AND s.updated_at < now() - $2::interval END
  AND NOT EXISTS (SELECT FROM l1_walk_held AS h WHERE h.session_id = w.id)
"""

_LETTERS = "SELECT id FROM l1_walk_dead_letters WHERE id > $1 ORDER BY id LIMIT $2"

_EXPIRE_LETTERS = """
DELETE FROM l1_walk_dead_letters WHERE id IN (
  SELECT id FROM l1_walk_dead_letters
  WHERE id = ANY($1::uuid[]) AND CASE
    WHEN state <> 'open' THEN settled_at < now() - $2::interval
    ELSE class = 'unreadable' AND created_at < now() - $2::interval END
  FOR UPDATE SKIP LOCKED)
"""
