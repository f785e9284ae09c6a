import asyncio
from uuid import UUID, uuid4

import pytest

from service.store import dead_letters, erasure, inbox, outbox, references, sessions
from service.store.database import Connection, Database
from service.store.references import TABLES, Reference
from tests.integration.store.test_queues import entry, letter, message
from tests.support.waiting import until
from tests.support.walks import ACCOUNT, ANNA, FLOW, session

NAMED = [Reference("account", ACCOUNT), Reference("user", ANNA), Reference("flow", FLOW)]
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"


async def rows(connection: Connection) -> dict[str, set[UUID]]:
    """The ids of the four tables that references name."""
    return {
        kind: {row[0] for row in await connection.fetch(f"SELECT id FROM {table}")}
        for kind, table in TABLES.items()
    }


async def test_what_is_learned_has_its_row(database: Database) -> None:
    async with database.transaction() as connection:
        await references.learn(connection, NAMED)
        await references.learn(connection, [*NAMED, Reference("proposal", FLOW)])
        assert await references.share(connection, [*NAMED, Reference("user", FLOW)]) == dict.fromkeys(
            NAMED, False
        )
        assert await rows(connection) == {
            "account": {ACCOUNT},
            "user": {ANNA},
            "flow": {FLOW},
            "proposal": {FLOW},
        }


async def test_what_is_gone_is_not_learned_again(database: Database) -> None:
    async with database.transaction() as connection:
        await references.vanish(connection, NAMED)
        await references.learn(connection, NAMED)
        assert await references.share(connection, NAMED) == dict.fromkeys(NAMED, True)
        await references.appear(connection, NAMED, adopted=False)
        assert await references.share(connection, NAMED) == dict.fromkeys(NAMED, False)
        assert (await rows(connection))["account"] == {ACCOUNT}


async def test_tables_that_were_adopted_are_read_and_not_written(database: Database) -> None:
    stranger = Reference("user", uuid4())
    async with database.transaction() as connection:
        await connection.execute("INSERT INTO accounts VALUES ($1)", ACCOUNT)
        assert await references.existing(connection, [*NAMED, stranger]) == {NAMED[0]}
        await references.adopt(connection, [NAMED[0]])
        await references.appear(connection, [stranger], adopted=True)
        assert await references.share(connection, [*NAMED, stranger]) == {NAMED[0]: False, stranger: False}
        assert (await rows(connection))["user"] == set()


async def test_a_batch_and_an_erasure_exclude_each_other(database: Database) -> None:
    async with database.transaction() as connection:
        await references.learn(connection, NAMED)

    async def vanish() -> None:
        async with database.transaction() as connection:
            await references.vanish(connection, NAMED[:1])

    async with database.transaction() as batch:
        assert await references.share(batch, NAMED) == dict.fromkeys(NAMED, False)
        vanishing = asyncio.create_task(vanish())
        await until(lambda: batch.fetchval(WAITING), 10, "the erasure waits for the batch")
        await sessions.insert(batch, [session()])
    await vanishing
    async with database.transaction() as connection:
        assert (await references.share(connection, NAMED[:1])) == {NAMED[0]: True}
        assert await connection.fetchval("SELECT count(*) FROM l1_walk_sessions") == 1


async def test_batches_do_not_wait_for_each_other(database: Database) -> None:
    async with database.transaction() as connection:
        await references.learn(connection, NAMED)
    async with database.transaction() as one, database.transaction() as other:
        await references.share(one, NAMED)
        await asyncio.wait_for(references.share(other, NAMED), 5)


async def test_an_account_is_erased_in_steps(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "STEP", 2)
    other = uuid4()
    walks = [session(id=uuid4()) for _ in range(5)]
    kept = session(id=uuid4(), account_id=other)
    async with database.transaction() as connection:
        await references.learn(connection, [*NAMED, Reference("account", other)])
        await sessions.insert(connection, [*walks, kept])
        await inbox.add(connection, [entry(walk.id) for walk in [*walks, kept]])
        await outbox.add(connection, [message(0, 0)._replace(account_id=ACCOUNT), message(0, 1)])
        lost = letter(0)._replace(account_id=ACCOUNT)
        await dead_letters.add(connection, [lost, letter(1)._replace(account_id=other), letter(2)])
        await references.vanish(connection, NAMED[:1])
    assert await erasure.erase_account(database, ACCOUNT, adopted=False) == 5
    assert await erasure.erase_account(database, ACCOUNT, adopted=False) == 0
    async with database.transaction() as connection:
        assert await connection.fetchval("SELECT id FROM l1_walk_sessions") == kept.id
        assert await connection.fetchval("SELECT session_id FROM l1_walk_inbox") == kept.id
        assert [m.offset for m in await outbox.read(connection, 0)] == [1]
        assert await connection.fetchval("SELECT count(*) FROM l1_walk_dead_letters") == 2
        assert (await rows(connection))["account"] == {other}
        assert (await rows(connection))["user"] == {ANNA}
        assert await references.share(connection, NAMED[:1]) == {NAMED[0]: True}


async def test_a_gone_user_or_flow_that_a_walk_names_keeps_its_row(database: Database) -> None:
    loner = Reference("user", uuid4())
    async with database.transaction() as connection:
        await references.learn(connection, [*NAMED, loner])
        await sessions.insert(connection, [session()])
        await references.vanish(connection, [*NAMED[1:], loner])
        assert [await erasure.forget_unnamed(connection, r) for r in (*NAMED[1:], loner)] == [
            False,
            False,
            True,
        ]
        assert await rows(connection) == {
            "account": {ACCOUNT},
            "user": {ANNA},
            "flow": {FLOW},
            "proposal": set(),
        }
