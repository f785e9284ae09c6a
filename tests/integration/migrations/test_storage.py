"""What the storage settings and the kinds of index are for."""

import asyncpg

from tests.support.upstream import ACCOUNT, USER, insert

WALKS = """
INSERT INTO l1_walk_sessions (id, account_id, created_by_user_id, ticket_id, ticket_kind, session_kind, started_at,
                              last_step_at)
SELECT gen_random_uuid(), $1, $2, 'T-' || n, 'psa', 'adhoc', now(), now() FROM generate_series(1, 1000) AS n
"""
STEP = """
UPDATE l1_walk_sessions SET walked_path = walked_path || '{"node_id": "n1", "answer": "yes"}', version = version + 1,
       last_step_at = last_step_at + interval '1 second', updated_at = now()
WHERE status = 'active' AND ticket_id LIKE '%5'
"""
HOT = """
SELECT pg_stat_get_xact_tuples_hot_updated(oid)::float / pg_stat_get_xact_tuples_updated(oid)
FROM pg_class WHERE relname = 'l1_walk_sessions'
"""


async def with_walks(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    connection = await asyncpg.connect(url)
    await insert(connection, "accounts", {"id": ACCOUNT})
    await insert(connection, "users", {"id": USER})
    await connection.execute(WALKS, ACCOUNT, USER)
    return connection


async def test_a_step_writes_to_no_index(database_url: str) -> None:
    """The index on last_step_at is a BRIN one, and a page has room for a walk's next version: the update is HOT."""
    connection = await with_walks(database_url)
    if connection.get_server_version().major >= 16:
        async with connection.transaction():
            await connection.execute(STEP)
            assert await connection.fetchval(HOT) == 1.0
    await connection.close()


async def test_a_btree_on_last_step_at_would_make_it_write_to_all(database_url: str) -> None:
    connection = await with_walks(database_url)
    await connection.execute("CREATE INDEX ON l1_walk_sessions (last_step_at)")
    async with connection.transaction():
        await connection.execute(STEP)
        assert await connection.fetchval(HOT) == 0.0
    await connection.close()


async def test_the_idle_walks_are_found_without_reading_the_ended_ones(database_url: str) -> None:
    connection = await with_walks(database_url)
    await connection.execute(WALKS, ACCOUNT, USER)
    await connection.execute(
        "UPDATE l1_walk_sessions SET status = 'resolved', last_step_at = now() - interval '9 days'"
    )
    await connection.execute(WALKS.replace("1000", "20"), ACCOUNT, USER)
    await connection.execute("ANALYZE l1_walk_sessions")
    plan = await connection.fetch(
        "EXPLAIN SELECT id FROM l1_walk_sessions WHERE status = 'active' AND last_step_at < now() - interval '1 day'"
    )
    assert "ix_l1_walk_sessions_status" in "\n".join(row[0] for row in plan)
    await connection.close()


async def test_the_outbox_is_vacuumed_by_the_number_of_dead_rows(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    for options in await connection.fetch(
        "SELECT o.reloptions, t.reloptions FROM pg_class o JOIN pg_class t ON t.oid = o.reltoastrelid"
        " WHERE o.relname = 'l1_walk_outbox'"
    ):
        for part in options:
            assert {"autovacuum_vacuum_scale_factor=0", "autovacuum_vacuum_threshold=5000"} <= set(part)
    await connection.close()
