"""The outbox when it is large: what is read at once is bounded, and what was deleted is not walked over again."""

import re

import asyncpg
import pytest

from service.store import outbox
from service.store.address import dsn
from service.store.database import Connection, Database
from service.store.outbox import START, Message, Place

PARTITIONS, ROWS = 4, 40_000
KIB = 1024


def message(offset: int, size: int) -> Message:
    return Message(0, offset, 0, "t", None, b"k", [], b"v" * size, None, None)


@pytest.fixture
async def many(database: Database) -> Database:
    """A backlog that grew so fast that PostgreSQL has no statistics of it."""
    async with database.transaction() as connection:
        await connection.execute(_FILL, PARTITIONS, ROWS)
    return database


async def buffers(connection: Connection, statement: str, *arguments: object) -> int:
    """The blocks that a statement touches."""
    plan = await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", *arguments)
    line = next(row[0] for row in plan if "Buffers:" in row[0])
    return sum(map(int, re.findall(r"(?:hit|read)=(\d+)", line)))


async def test_a_page_ends_with_the_message_that_reaches_its_size(database: Database) -> None:
    sizes = [10, 100 * KIB, 100 * KIB, 2 * KIB * KIB, 1, 1]
    owed = [message(offset, size) for offset, size in enumerate(sizes)]
    async with database.transaction() as connection:
        await outbox.add(connection, owed)
        assert await outbox.read(connection, 0, size=200 * KIB) == owed[:3]
        assert await outbox.read(connection, 0, (2, 0), size=200 * KIB) == owed[3:4]
        assert await outbox.read(connection, 0, (3, 0), size=200 * KIB) == owed[4:]
        assert await outbox.read(connection, 0, (5, 0)) == []


async def test_whose_messages_are_owed(database: Database) -> None:
    async with database.transaction() as connection:
        await outbox.add(connection, [message(1, 1), message(2, 1)._replace(partition=7)])
        assert await outbox.owing(connection, [7, 3, 0]) == [0, 7]
        assert await outbox.owing(connection, []) == []


async def test_a_page_costs_what_is_in_it(many: Database) -> None:
    async with many.transaction() as connection:
        page = await outbox.read(connection, 1, (100, 0), rows=500)
        assert [m.offset for m in page] == list(range(101, 601))
        touched = await buffers(connection, outbox._READ, 1, 100, 0, 500, 10**9)
    assert touched < 1_500


async def test_forgetting_does_not_walk_over_what_was_forgotten(many: Database, store_url: str) -> None:
    """Also while something that takes long, as a dump does, keeps it from being removed."""
    dump = await asyncpg.connect(dsn(store_url))
    try:
        async with dump.transaction(isolation="repeatable_read"):
            await dump.fetchval("SELECT count(*) FROM l1_walk_progress")
            place = await forgotten_step_by_step(many)
            async with many.transaction() as connection:
                after = (place[0] + 100, 0)
                bounds = [[1], [place[0]], [place[1]], [after[0]], [after[1]]]
                bounded = await buffers(connection, outbox._FORGET, *bounds)
                bounds[1:3] = [START[0]], [START[1]]
                unbounded = await buffers(connection, outbox._FORGET, *bounds)
    finally:
        await dump.close()
    assert bounded < 1_000
    assert unbounded > 5 * bounded, "this is what the bound is for"


async def forgotten_step_by_step(database: Database) -> Place:
    place = START
    for offset in range(500, ROWS // PARTITIONS - 500, 500):
        async with database.transaction() as connection:
            await outbox.forget(connection, {1: (offset, 0)}, {1: place})
        place = (offset, 0)
    return place


_FILL = """
INSERT INTO l1_walk_outbox (partition, "offset", number, topic, key, headers, value)
SELECT n % $1::int, n / $1::int, 0, 't', 'k'::bytea, '\\x90'::bytea, convert_to(repeat('v', 300), 'UTF8')
FROM generate_series(0, $2::int - 1) AS n
"""
