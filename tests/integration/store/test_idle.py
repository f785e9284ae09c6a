"""Which walks count as idle, by the database's clock."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from l1_walk_contracts import SessionStatus
from service.store import held, idle, references, sessions
from service.store.database import Database
from service.store.held import Hold
from service.store.references import Reference
from tests.support.walks import ACCOUNT, ANNA, FLOW, session

DAY = timedelta(days=1)


async def walk(database: Database, hours: float, **changes: Any) -> UUID:
    """A walk of which nothing was handled for so many hours."""
    id_ = uuid4()
    fresh = session(id=id_, **changes)
    named = [
        Reference("account", fresh.account_id), Reference("user", fresh.created_by_user_id), Reference("flow", FLOW)
    ]  # fmt: skip
    async with database.transaction() as connection:
        await references.learn(connection, named)
        await sessions.insert(connection, [fresh])
        await connection.execute(
            "UPDATE l1_walk_sessions SET updated_at = now() - $2::interval WHERE id = $1",
            id_,
            timedelta(hours=hours),
        )
    return id_


async def test_the_longest_idle_come_first_page_by_page(database: Database) -> None:
    ids = [await walk(database, hours) for hours in (26, 40, 23, 25)]
    async with database.transaction() as connection:
        first = await idle.find(connection, DAY, None, 2)
        rest = await idle.find(connection, DAY, first[-1].place, 2)
        assert await idle.find(connection, DAY, rest[-1].place, 2) == []
    assert [one.id for one in first] == [ids[1], ids[0]]
    assert [(one.id, one.version, one.home_partition) for one in rest] == [(ids[3], 1, 4)]
    assert (rest[0].account_id, rest[0].created_by_user_id) == (ACCOUNT, ANNA)


async def test_what_ended_is_held_or_of_somebody_gone_is_not_idle(database: Database) -> None:
    wanted, behind_a_letter = await walk(database, 30), await walk(database, 30)
    for status in set(SessionStatus) - {SessionStatus.ACTIVE}:
        await walk(database, 30, status=status)
    gone = [Reference("account", uuid4()), Reference("user", uuid4())]
    await walk(database, 30, account_id=gone[0].id)
    await walk(database, 30, created_by_user_id=gone[1].id)
    async with database.transaction() as connection:
        await held.add(connection, [Hold(behind_a_letter, uuid4(), 4)])
        await references.vanish(connection, gone)
        assert [one.id for one in await idle.find(connection, DAY, None, 10)] == [wanted]


async def test_what_was_done_meanwhile_is_seen(database: Database) -> None:
    ids = [await walk(database, 30) for _ in range(4)]
    async with database.transaction() as connection:
        found = await idle.find(connection, DAY, None, 10)
        assert await idle.still(connection, found) == found
        await connection.execute("UPDATE l1_walk_sessions SET status = 'resolved' WHERE id = $1", ids[0])
        await connection.execute("UPDATE l1_walk_sessions SET updated_at = now() WHERE id = $1", ids[1])
        await held.add(connection, [Hold(ids[2], uuid4(), 4)])
        assert [one.id for one in await idle.still(connection, found)] == [ids[3]]
