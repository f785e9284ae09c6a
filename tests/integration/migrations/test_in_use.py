"""Migrating a database that others use: locks, two migrations at once, and what is said when it cannot be done."""

import asyncio
import secrets

import asyncpg
import pytest

from service.store import migrate
from service.store.migrate import MigrationError, current, head, upgrade
from tests.support.schema import Schema, schema
from tests.support.servers import PostgresServer
from tests.support.upstream import Upstream, insert_walk
from tests.support.waiting import until

WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def test_two_migrations_at_the_same_time_take_turns(empty_database_url: str, modelled: Schema) -> None:
    results = await asyncio.gather(*(upgrade(empty_database_url) for _ in range(3)))

    assert sorted(results, key=str) == [(head(), head(), False)] * 2 + [(None, head(), False)]
    assert await schema(empty_database_url) == modelled


async def test_two_migrations_that_build_indexes_do_not_wait_for_each_other_for_ever(
    empty_database_url: str,
) -> None:
    await Upstream(indexes=(), foreign_keys={}).make(empty_database_url)
    results = await asyncio.gather(*(upgrade(empty_database_url) for _ in range(3)))
    assert sorted(results, key=str) == [(head(), head(), True)] * 2 + [(None, head(), True)]


async def test_one_that_waits_too_long_for_its_turn_says_so(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "TURN_SECONDS", 0.0)
    blocker = await asyncpg.connect(database_url)
    await blocker.execute("SELECT pg_advisory_lock($1)", int.from_bytes(b"l1_walk"))
    with pytest.raises(MigrationError, match=r"another migration of \S+ is running: wait for it"):
        await upgrade(database_url)
    await blocker.close()


async def test_a_table_in_use_is_not_waited_for_long(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = empty_database_url
    monkeypatch.setitem(migrate.SERVER_SETTINGS, "lock_timeout", "100ms")
    await Upstream().make(url)
    reader = await asyncpg.connect(url)
    async with reader.transaction():
        await reader.execute("SELECT count(*) FROM l1_walk_sessions")
        with pytest.raises(MigrationError, match=r"others used a table .*: run it again when less goes on$"):
            await upgrade(url)
    await reader.close()

    assert (await upgrade(url)).after == head()


async def test_writers_go_on_while_an_index_is_built(empty_database_url: str) -> None:
    """Building waits for the transaction of one writer; another one writes meanwhile."""
    url = empty_database_url
    await Upstream(indexes=()).make(url)
    slow, other = await asyncpg.connect(url), await asyncpg.connect(url)
    transaction = slow.transaction()
    await transaction.start()
    await insert_walk(slow, 200, "adhoc")

    upgrading = asyncio.create_task(upgrade(url, "b3358ba0e48c"))
    await until(lambda: other.fetchval(WAITING), 10, "the building of the index waits")
    await insert_walk(other, 201, "adhoc")
    await transaction.commit()

    assert (await upgrading).after == "b3358ba0e48c"
    assert await other.fetchval("SELECT count(*) FROM l1_walk_sessions") == 5
    await slow.close()
    await other.close()


async def test_a_database_that_does_not_answer_is_named_without_its_password(
    postgres: PostgresServer,
) -> None:
    password = secrets.token_hex(8)
    for url, said in (
        (f"postgresql://walk:{password}@127.0.0.1:1/walk", r"127\.0\.0\.1:1/walk cannot be reached"),
        (f"postgresql+asyncpg://walk:{password}@127.0.0.1:1/walk", r"127\.0\.0\.1:1/walk cannot be reached"),
        (postgres.url("no_such_database"), 'database "no_such_database" does not exist'),
        (f"mysql://walk:{password}@127.0.0.1/walk", "the database's URL cannot be read"),
        (f"postgresql://walk:{password}/x@127.0.0.1/walk", "the database's URL cannot be read"),
        (f"postgresql://walk:{password}?x@127.0.0.1/walk", "URL"),
        (f"postgresql://127.0.0.1/walk?password=a@{password}&port=x", "URL"),
    ):
        with pytest.raises(MigrationError, match=said) as refused:
            await current(url)
        assert password not in str(refused.value)
        assert "\n" not in str(refused.value)


async def test_a_role_that_may_not_create_tables_is_told_so(
    postgres: PostgresServer, empty_database_url: str
) -> None:
    role, password = f"walk_test_{secrets.token_hex(3)}", secrets.token_hex(8)
    owner = await asyncpg.connect(empty_database_url)
    await owner.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
    address = empty_database_url.rpartition("@")[2]
    try:
        with pytest.raises(
            MigrationError, match=r"permission denied .*: migrating takes the role that owns the tables"
        ):
            await upgrade(f"postgresql://{role}:{password}@{address}")
    finally:
        await owner.execute(f"DROP ROLE {role}")
        await owner.close()
