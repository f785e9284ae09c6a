"""`deploy/postgres/grants.sql`: what the worker's role may do, and no more."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from service.store import references
from service.store.adoption import REFERENCES, is_adopted
from service.store.migrate import upgrade
from service.store.references import Reference
from tests.support.upstream import ACCOUNT, TREE, USER, Upstream, insert_walk

GRANTS = (Path(__file__).parents[3] / "deploy" / "postgres" / "grants.sql").read_text()
KNOWN = {Reference("account", ACCOUNT), Reference("user", USER), Reference("flow", TREE)}
ROWS = ("l1_walk_sessions", "l1_walk_inbox", "l1_walk_outbox", "l1_walk_dead_letters", "l1_walk_held",
        "l1_walk_progress", "l1_walk_references")  # fmt: skip
NOTES = ("l1_walk_adoption", "l1_walk_alembic_version")


@pytest.fixture
async def granted(empty_database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A migrated database with the grants, run twice; `request.param` tells whether it is upstream's."""
    if request.param == "adopted":
        await Upstream().make(empty_database_url)
    await upgrade(empty_database_url)
    connection = await asyncpg.connect(empty_database_url)
    there = await connection.fetchval(
        "SELECT count(*) FROM pg_roles WHERE rolname ~ '^walk_(worker|reader)$'"
    )
    await connection.execute(GRANTS)
    await connection.execute(GRANTS)
    yield empty_database_url
    await connection.execute("DROP OWNED BY walk_worker, walk_reader")
    if not there:
        await connection.execute("DROP ROLE walk_worker, walk_reader")
    await connection.close()


async def become(url: str, role: str) -> "asyncpg.Connection[asyncpg.Record]":
    connection = await asyncpg.connect(url)
    await connection.execute(f"SET ROLE {role}")
    return connection


async def may(connection: "asyncpg.Connection[asyncpg.Record]", table: str) -> str:
    """Initials of what the current role may do with the rows of a table."""
    rights = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
    query = "SELECT has_table_privilege($1, $2)"
    return "".join([right[0] for right in rights if await connection.fetchval(query, table, right)])


@pytest.mark.parametrize("granted", ["own", "adopted"], indirect=True)
async def test_each_role_has_what_it_needs_and_no_more(granted: str) -> None:
    worker, reader = await become(granted, "walk_worker"), await become(granted, "walk_reader")
    for table in ROWS:
        assert await may(worker, table) == "SIUD"
        assert await may(reader, table) == "S"
    for table in NOTES:
        assert await may(worker, table) == "S"
        assert await may(reader, table) == "S"
    own = not await is_adopted(worker)
    for table in REFERENCES:
        assert await may(worker, table) == ("ID" if own else "")
        assert await may(reader, table) == ""
        assert await worker.fetch(f"SELECT id FROM {table}") is not None
        for statement in (f"UPDATE {table} SET id = id", f"ALTER TABLE {table} ADD more text"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await worker.execute(statement)
    for statement in (
        "DROP TABLE l1_walk_inbox",
        "TRUNCATE l1_walk_sessions",
        "DELETE FROM l1_walk_adoption",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await worker.execute(statement)
    await worker.close()
    await reader.close()


@pytest.mark.parametrize("granted", ["own"], indirect=True)
async def test_the_worker_learns_ids_in_a_database_of_its_own(granted: str) -> None:
    worker = await become(granted, "walk_worker")
    async with worker.transaction():
        await references.learn(worker, KNOWN)
        assert await references.existing(worker, KNOWN) == KNOWN
        assert await references.share(worker, KNOWN) == dict.fromkeys(KNOWN, False)
        await insert_walk(worker, 1, "flow", flow_id=TREE)
    await worker.close()


@pytest.mark.parametrize("granted", ["adopted"], indirect=True)
async def test_the_worker_only_reads_upstreams_own(granted: str) -> None:
    worker = await become(granted, "walk_worker")
    async with worker.transaction():
        await references.adopt(worker, KNOWN)
        assert await references.existing(worker, KNOWN) == KNOWN
        await insert_walk(worker, 300, "flow", flow_id=TREE)
    for statement in ("SELECT name FROM accounts", "INSERT INTO accounts (id) VALUES (gen_random_uuid())"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await worker.execute(statement)
    await worker.close()
