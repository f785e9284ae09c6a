"""The inbox, the outbox, dead letters and progress."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest

from l1_walk_contracts import DeadLetterClass, Outcome, RejectionReason
from service.store import dead_letters, inbox, outbox, progress
from service.store.database import Database
from service.store.dead_letters import DeadLetter
from service.store.inbox import InboxEntry
from service.store.outbox import Headers, Message, unpack_headers
from service.store.progress import Advance, Progress

ONE, OTHER = UUID(int=1), UUID(int=2)
TOPIC = "l1.walk.commands"


def entry(session_id: UUID = ONE, command_id: str = "c", digest: bytes = b"d") -> InboxEntry:
    return InboxEntry(session_id, "/s", command_id, digest, Outcome.ACCEPTED, None, 1, 3, 2**40)


async def test_a_command_is_known_by_session_source_and_id(database: Database) -> None:
    refused = entry(OTHER, "é" * 128, b"e")._replace(
        outcome=Outcome.REJECTED, reason=RejectionReason.STALE_NODE, version=None
    )
    async with database.transaction() as connection:
        await inbox.add(connection, [entry(), refused])
        keys = [
            (ONE, "/s", "c"),
            (OTHER, "/s", "é" * 128),
            (OTHER, "/s", "c"),
            (ONE, "/t", "c"),
            (ONE, "/s", "x"),
        ]
        assert await inbox.find(connection, keys) == {keys[0]: b"d", keys[1]: b"e"}
        row = await connection.fetchrow("SELECT * FROM l1_walk_inbox WHERE session_id = $1", OTHER)
    assert row is not None
    assert (row["outcome"], row["reason"], row["version"]) == ("rejected", "stale_node", None)
    assert (row["origin_partition"], row["origin_offset"]) == (3, 2**40)


async def test_no_command_is_kept_twice(database: Database) -> None:
    async with database.transaction() as connection:
        await inbox.add(connection, [entry()])
    with pytest.raises(asyncpg.UniqueViolationError):
        async with database.transaction() as connection:
            await inbox.add(connection, [entry(digest=b"other")])


async def test_the_commands_of_a_walk_are_forgotten_with_it(database: Database) -> None:
    async with database.transaction() as connection:
        await inbox.add(connection, [entry(), entry(OTHER)])
        await inbox.forget(connection, [ONE])
        assert await connection.fetchval("SELECT session_id FROM l1_walk_inbox") == OTHER


def message(partition: int, offset: int, number: int = 0, headers: Headers = ()) -> Message:
    return Message(partition, offset, number, "t", None, None, headers, b"v", ONE, OTHER)


async def test_messages_leave_in_the_order_of_their_places(database: Database) -> None:
    owed = [message(0, 2, 1), message(0, 10), message(0, 2), message(1, 0), message(0, 9, 3)]
    async with database.transaction() as connection:
        await outbox.add(connection, owed)
        in_order = await outbox.read(connection, 0)
        assert [(m.offset, m.number) for m in in_order] == [(2, 0), (2, 1), (9, 3), (10, 0)]
        assert await outbox.read(connection, 0, after=(2, 0), rows=2) == in_order[1:3]
        assert await outbox.read(connection, 2) == []


async def test_what_was_published_is_forgotten_up_to_its_place(database: Database) -> None:
    async with database.transaction() as connection:
        await outbox.add(connection, [message(p, o, n) for p in (0, 1, 2) for o in (1, 2) for n in (0, 1)])
        await outbox.forget(connection, {0: (1, 1), 2: (2, 0)})
        left = [
            (m.partition, m.offset, m.number) for p in (0, 1, 2) for m in await outbox.read(connection, p)
        ]
    assert left == [(0, 2, 0), (0, 2, 1), (1, 1, 0), (1, 1, 1), (1, 2, 0), (1, 2, 1), (2, 2, 1)]


HEADERS: list[Headers] = [
    [],
    [("a", b"1"), ("a", b"2"), ("b", None), ("c", b"\xff\x00")],
    [("", b"")],
    [("ü" * 300, b"x" * 100_000)],
]


@pytest.mark.parametrize("headers", HEADERS, ids=["none", "odd", "empty", "long"])
async def test_a_message_is_read_as_it_was_owed(database: Database, headers: Headers) -> None:
    owed = [
        message(0, 0, headers=headers)._replace(
            value=None, session_id=None, account_id=None, target_partition=7
        ),
        message(0, 1, headers=headers)._replace(key=b"\x00\xff", value=b""),
    ]
    async with database.transaction() as connection:
        await outbox.add(connection, owed)
        assert await outbox.read(connection, 0) == owed


def letter(offset: int, headers: Headers = ()) -> DeadLetter:
    return DeadLetter(
        uuid4(),
        TOPIC,
        0,
        offset,
        None,
        b"k",
        headers,
        b"\x00",
        None,
        None,
        DeadLetterClass.UNREADABLE,
        "no JSON",
    )


async def test_a_dead_letter_is_kept_whole_and_once(database: Database) -> None:
    at = datetime(2026, 1, 31, 9, 30, 0, 123000, tzinfo=UTC)
    first = letter(1, HEADERS[1])._replace(record_timestamp=at, session_id=ONE, account_id=OTHER)
    async with database.transaction() as connection:
        await dead_letters.add(connection, [first, letter(2)._replace(key=None, value=None)])
        await dead_letters.add(connection, [letter(1), letter(3)])
        rows = await connection.fetch('SELECT * FROM l1_walk_dead_letters ORDER BY "offset"')
    assert [row["offset"] for row in rows] == [1, 2, 3]
    kept = rows[0]
    assert (kept["id"], kept["record_timestamp"], kept["value"]) == (first.id, at, b"\x00")
    assert (kept["session_id"], kept["account_id"]) == (ONE, OTHER)
    assert (kept["class"], kept["error"], kept["state"]) == ("unreadable", "no JSON", "open")
    assert unpack_headers(kept["headers"]) == HEADERS[1]
    assert (rows[1]["key"], rows[1]["value"]) == (None, None)


async def test_each_take_of_a_partition_raises_its_epoch(database: Database) -> None:
    async with database.transaction() as connection:
        assert sorted(await progress.take(connection, TOPIC, [2, 0])) == [
            Progress(0, 1, None, takes=1), Progress(2, 1, None, takes=1)
        ]  # fmt: skip
        await progress.advance(connection, TOPIC, [Advance(2, 5, b"d", None)])
        assert sorted(await progress.take(connection, TOPIC, [1, 2])) == [
            Progress(1, 1, None, takes=1), Progress(2, 2, 5, takes=1, digest=b"d")
        ]  # fmt: skip
        assert await progress.take(connection, "another", [2]) == [Progress(2, 1, None, takes=1)]
        assert [p[:3] for p in await progress.read(connection, TOPIC, [0, 1, 2, 3])] == [
            (0, 1, None), (1, 1, None), (2, 2, 5)
        ]  # fmt: skip


async def test_takes_and_tries_are_counted_until_the_progress_moves(database: Database) -> None:
    async with database.transaction() as connection:
        await progress.take(connection, TOPIC, [0, 1])
        [taken] = await progress.take(connection, TOPIC, [0])
        assert taken.takes == 2
        [taken] = await progress.take(connection, TOPIC, [0], again=True)
        assert taken.takes == 2
        await progress.note_try(connection, TOPIC, 0, 3, 7, 1)
        for _ in range(2):  # again, since the answer got lost
            await progress.note_try(connection, TOPIC, 0, 3, 8, 3)
        await progress.note_try(connection, TOPIC, 0, 2, 8, 9)  # by one who lost the partition
        assert await progress.read(connection, TOPIC, [0]) == [Progress(0, 3, None, 2, 8, 3)]
        await progress.advance(connection, TOPIC, [Advance(0, 9, b"d", None)])
        assert await progress.read(connection, TOPIC, [0, 1]) == [
            Progress(0, 3, 9, digest=b"d"), Progress(1, 1, None, takes=1)
        ]  # fmt: skip


async def test_takes_and_tries_are_forgotten_by_the_holder_who_leaves_in_good_order(
    database: Database,
) -> None:
    async with database.transaction() as connection:
        await progress.take(connection, TOPIC, [0, 1])
        await progress.take(connection, TOPIC, [1])
        await progress.note_try(connection, TOPIC, 0, 1, 7, 1)
        await progress.give_up(connection, TOPIC, {0: 1, 1: 1, 2: 1})
        assert await progress.read(connection, TOPIC, [0, 1]) == [
            Progress(0, 1, None), Progress(1, 2, None, takes=2)
        ]  # fmt: skip


async def test_progress_moves_with_what_the_last_record_was(database: Database) -> None:
    at = datetime(2026, 1, 31, tzinfo=UTC)
    async with database.transaction() as connection:
        await progress.take(connection, TOPIC, [0, 1])
        await progress.advance(connection, TOPIC, [Advance(1, 2**40, b"d", at), Advance(0, 1, b"e", None)])
        assert [p.next_offset for p in await progress.lock(connection, TOPIC, [1, 0])] == [1, 2**40]
        row = await connection.fetchrow(
            "SELECT digest, record_timestamp FROM l1_walk_progress WHERE partition = 1"
        )
    assert row is not None
    assert tuple(row) == (b"d", at)
