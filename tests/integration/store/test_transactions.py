import asyncio
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from service.store import references
from service.store.database import Connection, Database
from service.store.references import Reference
from tests.fault.proxy import Loss, Proxy
from tests.support.walks import ACCOUNT

ACCOUNTS = [Reference("account", ACCOUNT)]


async def learned(database: Database) -> int:
    async with database.transaction() as connection:
        count: int = await connection.fetchval("SELECT count(*) FROM l1_walk_references")
        return count


async def test_what_is_committed_stands(database: Database) -> None:
    async with database.transaction() as connection:
        await references.learn(connection, ACCOUNTS)
    assert await learned(database) == 1


async def test_a_transaction_rolls_back_unless_it_is_committed(database: Database) -> None:
    async def work() -> None:
        async with database.transaction() as connection:
            await references.learn(connection, ACCOUNTS)
            raise LookupError

    with pytest.raises(LookupError):
        await work()
    assert await learned(database) == 0


async def test_a_transaction_that_is_cancelled_rolls_back(database: Database) -> None:
    begun = asyncio.Event()

    async def work() -> None:
        async with database.transaction() as connection:
            await references.learn(connection, ACCOUNTS)
            begun.set()
            await connection.execute("SELECT pg_sleep(60)")

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await learned(database) == 0


async def test_who_cancels_is_heeded_also_where_the_rollback_fails(database: Database) -> None:
    begun = asyncio.Event()

    async def work() -> None:
        async with database.transaction() as connection:
            begun.set()
            try:
                await asyncio.sleep(60)
            finally:
                connection.terminate()

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await learned(database) == 0


async def test_a_connection_that_broke_is_replaced(database: Database) -> None:
    async def work() -> None:
        async with database.transaction() as connection:
            await references.learn(connection, ACCOUNTS)
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        await work()
    assert await learned(database) == 0


async def test_the_server_ends_what_a_frozen_worker_holds(database: Database) -> None:
    async with database.transaction() as connection:
        for setting in ("idle_in_transaction_session_timeout", "statement_timeout"):
            assert await shown(connection, setting) == "10s"
        version = await connection.fetchval("SELECT current_setting('server_version_num')::int")
        if version >= 170_000:
            assert await shown(connection, "transaction_timeout") == "10s"
        assert await shown(connection, "TimeZone") == "UTC"


async def test_only_what_may_be_done_twice_does_not_wait_for_the_disk(database: Database) -> None:
    async with database.transaction(durable=False) as connection:
        assert await shown(connection, "synchronous_commit") == "off"
    async with database.transaction() as connection:
        assert await shown(connection, "synchronous_commit") == "on"


async def shown(connection: Connection, setting: str) -> str:
    value: str = await connection.fetchval("SELECT current_setting($1)", setting)
    return value


async def test_a_connection_that_does_not_answer_a_commit_is_replaced(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.store.database._COMMAND_SECONDS", 0.5)
    address = urlsplit(database_url)
    losses = iter([Loss.SILENCE])
    assert address.port is not None
    async with Proxy(address.port, on_commit=lambda: next(losses, None)) as proxy:
        through = address._replace(netloc=address.netloc.replace(f":{address.port}", f":{proxy.port}"))
        database = Database(urlunsplit(through), pool_size=1)
        try:
            with pytest.raises(TimeoutError):
                await learned(database)
            assert await learned(database) == 0
        finally:
            await database.close()
