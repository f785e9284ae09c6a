"""Removing what is an account's, in steps, once its reference is gone (design 8).

A walk is the account's that its row names. A dead letter is the account's that its command names; where nobody can
read that, it goes with the walk, or with the letter that it waits behind. What another account sent and is parked
behind a letter that goes is kept: the first of it takes the place of what went, so that all stays in order.

Rows are locked in the order of a batch (sessions, then holds), and no lock is waited for long: a batch or a redrive
that holds one is first, and the step is done again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import asyncpg

from service.store import inbox
from service.store.database import Connection, Database
from service.store.references import TABLES, Reference

STEP = 200
"""Walks removed in one transaction: short enough that no batch waits for it noticeably."""
MESSAGES_STEP = 2000
"""Messages of the outbox removed in one."""
LOCK_MS = 300
"""How long a step waits for a row: less than the server takes to call it a deadlock (1 s), so a batch never loses."""
PAUSE_SECONDS = 0.05

Step = Callable[[Connection], Awaitable[int]]


async def erase_account(database: Database, account_id: UUID, *, adopted: bool) -> int:
    """Remove all that is the account's: walks, inbox, outbox, dead letters, and its row if that is ours.

    Its reference must have been marked gone, and that committed: from then on nothing can be added. May be done again
    after an interruption.

    Returns:
        The number of walks removed.
    """
    await _repeat(database, lambda connection: _erase_messages(connection, account_id), MESSAGES_STEP)
    walks = await _repeat(database, lambda connection: _erase_walks(connection, account_id), STEP)
    await _repeat(database, lambda connection: _erase_letters(connection, account_id), STEP)
    if not adopted:
        async with database.transaction() as connection:
            await connection.execute("DELETE FROM accounts WHERE id = $1", account_id)
    return walks


async def forget_unnamed(connection: Connection, reference: Reference) -> bool:
    """Remove the row of a user, flow or proposal that is gone, unless a walk still names it.

    Returns:
        Whether the row is gone now.
    """
    column = _NAMED_BY[reference.kind]
    result = await connection.execute(
        _FORGET_UNNAMED.format(table=TABLES[reference.kind], column=column), reference.id
    )
    return result != "DELETE 0"


async def _repeat(database: Database, step: Step, size: int) -> int:
    """Do a step of this size, each in a transaction, until one finds less; what all of them removed."""
    removed = 0
    while True:
        try:
            async with database.transaction() as connection:
                await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_MS}ms'")
                found = await step(connection)
        except asyncpg.LockNotAvailableError:
            await asyncio.sleep(PAUSE_SECONDS)
            continue
        removed += found
        if found < size:
            return removed


async def _erase_messages(connection: Connection, account_id: UUID) -> int:
    return int((await connection.execute(_ERASE_MESSAGES, account_id, MESSAGES_STEP)).removeprefix("DELETE "))


async def _erase_walks(connection: Connection, account_id: UUID) -> int:
    ids = [row[0] for row in await connection.fetch(_WALKS, account_id, STEP)]
    if ids:
        await connection.execute(_LOCK_HOLDS, ids)
        await connection.execute(_ERASE_LETTERS_OF_WALKS, ids, account_id)
        await _close_ranks(connection, ids)
        await inbox.forget(connection, ids)
        await connection.execute("DELETE FROM l1_walk_sessions WHERE id = ANY($1::uuid[])", ids)
    return len(ids)


async def _erase_letters(connection: Connection, account_id: UUID) -> int:
    """Those of sessions that are not the account's, or that no command ever began."""
    found = await connection.fetch(_SESSIONS_OF_LETTERS, account_id, STEP)
    ids = [row[0] for row in found if row[0] is not None]
    await connection.execute(_LOCK_HOLDS, ids)
    await connection.execute(_ERASE_LETTERS, ids, account_id)
    await _close_ranks(connection, ids)
    return len(found)


async def _close_ranks(connection: Connection, session_ids: Sequence[UUID]) -> None:
    """What was parked behind a letter that is not there any more waits behind the first of its kind, which is a fault
    now; a session behind which nothing stands any more is held no longer."""
    await connection.execute(_PROMOTE, session_ids, PROMOTED)
    await connection.execute(_RELEASE, session_ids)


PROMOTED = "what it waited behind was erased with its account"
"""The error of a letter that took the place of an erased one."""

_NAMED_BY = {"user": "created_by_user_id", "flow": "flow_id", "proposal": "flow_proposal_id"}

_ERASE_MESSAGES = """
DELETE FROM l1_walk_outbox WHERE ctid = ANY(ARRAY(
  SELECT o.ctid FROM l1_walk_outbox AS o
  WHERE o.account_id = $1 OR o.account_id IS NULL AND EXISTS (
    SELECT FROM l1_walk_sessions AS s WHERE s.id = o.session_id AND s.account_id = $1)
  ORDER BY o.partition, o."offset", o.number LIMIT $2 FOR UPDATE
))
"""

_WALKS = """
SELECT id FROM l1_walk_sessions
WHERE id = ANY(ARRAY(SELECT id FROM l1_walk_sessions WHERE account_id = $1 LIMIT $2)) ORDER BY id FOR UPDATE
"""

_LOCK_HOLDS = "SELECT FROM l1_walk_held WHERE session_id = ANY($1::uuid[]) ORDER BY session_id FOR UPDATE"

_ERASE_LETTERS_OF_WALKS = """
DELETE FROM l1_walk_dead_letters
WHERE session_id = ANY($1::uuid[]) AND (account_id = $2 OR account_id IS NULL)
"""

_SESSIONS_OF_LETTERS = """
SELECT DISTINCT session_id FROM l1_walk_dead_letters WHERE account_id = $1 ORDER BY session_id LIMIT $2
"""

_ERASE_LETTERS = """
DELETE FROM l1_walk_dead_letters AS l
WHERE l.account_id = $2 AND (l.session_id = ANY($1::uuid[]) OR l.session_id IS NULL)
  OR l.session_id = ANY($1::uuid[]) AND l.account_id IS NULL
    AND NOT EXISTS (SELECT FROM l1_walk_sessions AS s WHERE s.id = l.session_id)
    AND EXISTS (SELECT FROM l1_walk_dead_letters AS h WHERE h.id = l.parked_behind AND h.account_id = $2)
"""

_PROMOTE = """
WITH orphans AS (
  SELECT l.id, l.session_id, l.parked_behind,
    first_value(l.id) OVER (PARTITION BY l.parked_behind ORDER BY l.partition, l."offset") AS head
  FROM l1_walk_dead_letters AS l
  WHERE l.session_id = ANY($1::uuid[]) AND l.state = 'open' AND l.parked_behind IS NOT NULL
    AND NOT EXISTS (SELECT FROM l1_walk_dead_letters AS h WHERE h.id = l.parked_behind)
), promoted AS (
  UPDATE l1_walk_dead_letters AS l SET
    parked_behind = nullif(o.head, l.id),
    class = CASE WHEN l.id = o.head THEN 'failed' ELSE l.class END,
    error = CASE WHEN l.id = o.head THEN $2 ELSE l.error END,
    updated_at = now()
  FROM orphans AS o WHERE l.id = o.id
)
UPDATE l1_walk_held AS h SET dead_letter_id = o.head
FROM (SELECT DISTINCT parked_behind, head FROM orphans) AS o WHERE h.dead_letter_id = o.parked_behind
"""

_RELEASE = """
DELETE FROM l1_walk_held AS h
WHERE h.session_id = ANY($1::uuid[])
  AND NOT EXISTS (SELECT FROM l1_walk_dead_letters AS l WHERE l.id = h.dead_letter_id)
"""

_FORGET_UNNAMED = """
DELETE FROM {table} AS t
WHERE t.id = $1 AND NOT EXISTS (SELECT 1 FROM l1_walk_sessions AS s WHERE s.{column} = t.id)
"""
