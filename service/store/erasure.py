"""Removing what is an account's, in steps, once its reference is gone (design 8)."""

from uuid import UUID

from service.store import inbox
from service.store.database import Connection, Database
from service.store.references import TABLES, Reference

STEP = 500
"""Walks removed in one transaction: short enough that no batch waits for it noticeably."""


async def erase_account(database: Database, account_id: UUID, *, adopted: bool) -> int:
    """Remove all that is the account's: walks, inbox, outbox, dead letters, and its row if that is ours.

    Its reference must have been marked gone, and that committed: from then on nothing can be added. May be done again
    after an interruption.

    Returns:
        The number of walks removed.
    """
    walks = 0
    while True:
        async with database.transaction() as connection:
            removed = await _erase_step(connection, account_id)
        walks += removed
        if removed < STEP:
            break
    async with database.transaction() as connection:
        await connection.execute(_ERASE_OUTBOX, account_id)
        await connection.execute(_ERASE_DEAD_LETTERS, account_id)
        if not adopted:
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


async def _erase_step(connection: Connection, account_id: UUID) -> int:
    ids = [row[0] for row in await connection.fetch(_WALKS, account_id, STEP)]
    await inbox.forget(connection, ids)
    await connection.execute("DELETE FROM l1_walk_held WHERE session_id = ANY($1::uuid[])", ids)
    await connection.execute("DELETE FROM l1_walk_sessions WHERE id = ANY($1::uuid[])", ids)
    return len(ids)


_NAMED_BY = {"user": "created_by_user_id", "flow": "flow_id", "proposal": "flow_proposal_id"}

_WALKS = "SELECT id FROM l1_walk_sessions WHERE account_id = $1 ORDER BY id LIMIT $2 FOR UPDATE"

_ERASE_OUTBOX = "DELETE FROM l1_walk_outbox WHERE account_id = $1"

_ERASE_DEAD_LETTERS = "DELETE FROM l1_walk_dead_letters WHERE account_id = $1"

_FORGET_UNNAMED = """
DELETE FROM {table} AS t
WHERE t.id = $1 AND NOT EXISTS (SELECT 1 FROM l1_walk_sessions AS s WHERE s.{column} = t.id)
"""
