"""What is kept for a time only: what goes, what stays, and that no batch waits for it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import count
from uuid import UUID, uuid4

import pytest

from l1_walk_contracts import DeadLetterClass, Outcome, SessionStatus
from service.store import dead_letters, held, inbox, references, sessions
from service.store.database import Connection, Database
from service.store.dead_letters import PARKED, DeadLetter
from service.store.expiry import Page, expire_dead_letters, expire_inbox
from service.store.held import Hold
from service.store.inbox import InboxEntry
from service.store.references import Reference
from tests.support.walks import ACCOUNT, ANNA, FLOW, session

KEEP = timedelta(days=30)
OLD, YOUNG = timedelta(days=31), timedelta(days=29)
offsets = count()

Expire = Callable[[Connection, timedelta, UUID | None, int], Awaitable[Page]]


async def walk(
    database: Database,
    status: SessionStatus | None,
    ago: timedelta,
    *,
    commands: int = 3,
    handled: timedelta = OLD,
) -> UUID:
    """A walk last written so long ago, with its commands; None: upstream has deleted it."""
    id_ = uuid4()
    named = [Reference("account", ACCOUNT), Reference("user", ANNA), Reference("flow", FLOW)]
    async with database.transaction() as connection:
        await references.learn(connection, named)
        if status is not None:
            await sessions.insert(connection, [session(id=id_, status=status)])
        await inbox.add(
            connection,
            [InboxEntry(id_, "/s", str(n), b"d", Outcome.ACCEPTED, None, n, 0, n) for n in range(commands)],
        )
        await connection.execute(
            "UPDATE l1_walk_sessions SET updated_at = now() - $2::interval WHERE id = $1", id_, ago
        )
        await connection.execute(
            "UPDATE l1_walk_inbox SET handled_at = now() - $2::interval WHERE session_id = $1", id_, handled
        )
    return id_


async def expire(database: Database, step: Expire, limit: int = 2) -> int:
    """All of it, in steps of so many; the rows removed."""
    removed, last = 0, None
    while True:
        async with database.transaction(durable=False) as connection:
            page = await step(connection, KEEP, last, limit)
        removed, last = removed + page.removed, page.last
        if last is None:
            return removed


async def remembered(database: Database) -> set[UUID]:
    async with database.transaction() as connection:
        return {row[0] for row in await connection.fetch("SELECT session_id FROM l1_walk_inbox")}


@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_commands_are_forgotten_once_their_walk_ended_long_ago(database: Database, limit: int) -> None:
    active = await walk(database, SessionStatus.ACTIVE, OLD)
    young = await walk(database, SessionStatus.RESOLVED, YOUNG)
    behind_a_letter = await walk(database, SessionStatus.RESOLVED, OLD)
    deleted_lately = await walk(database, None, OLD, handled=YOUNG)
    for status in (SessionStatus.RESOLVED, SessionStatus.ESCALATED, SessionStatus.ABANDONED, None):
        await walk(database, status, OLD)
    async with database.transaction() as connection:
        await held.add(connection, [Hold(behind_a_letter, uuid4(), 0)])
    assert await expire(database, expire_inbox, limit) == 4 * 3
    assert await remembered(database) == {active, young, behind_a_letter, deleted_lately}
    assert await expire(database, expire_inbox, limit) == 0


async def test_an_empty_table_is_at_its_end(database: Database) -> None:
    assert await expire(database, expire_inbox) == await expire(database, expire_dead_letters) == 0


async def test_batches_and_the_step_do_not_wait_for_each_other(database: Database) -> None:
    """A batch that goes on with walks just being cleared away, on either side of the step."""
    ended = [await walk(database, SessionStatus.RESOLVED, OLD) for _ in range(3)]
    async with database.transaction() as batch, database.transaction() as upkeep:
        for connection in (batch, upkeep):
            await connection.execute("SET LOCAL lock_timeout = '1ms'")
        first = await sessions.load(batch, ended[:2])
        assert (await expire_inbox(upkeep, KEEP, None, 100)).removed == 9
        before = first[ended[0]]
        await sessions.update(
            batch, [(before, session(id=ended[0], status=SessionStatus.RESOLVED, version=9))]
        )
        await inbox.add(batch, [InboxEntry(ended[0], "/s", "late", b"d", Outcome.ACCEPTED, None, 9, 0, 9)])
        assert set(await sessions.load(batch, ended)) == set(ended)
        assert len(await inbox.find(batch, [(ended[0], "/s", "0"), (ended[2], "/s", "1")])) == 2
    assert await remembered(database) == {ended[0]}


async def test_what_a_batch_adds_meanwhile_is_never_forgotten(database: Database) -> None:
    """The walk is written to, and the command added, after the step has seen that it ended long ago."""
    id_ = await walk(database, SessionStatus.RESOLVED, OLD)
    added = asyncio.Event()

    async def batch() -> None:
        async with database.transaction() as connection:
            [before] = (await sessions.load(connection, [id_])).values()
            await inbox.add(
                connection, [InboxEntry(id_, "/s", "late", b"d", Outcome.ACCEPTED, None, 9, 0, 9)]
            )
            await sessions.update(connection, [(before, before)])
        added.set()

    async with database.transaction() as connection:
        await connection.fetch("SELECT * FROM l1_walk_sessions")
        await batch()
        assert (await expire_inbox(connection, KEEP, None, 100)).removed == 0
    assert added.is_set()


def letter(letter_class: str, behind: UUID | None = None, *, readable: bool = True) -> DeadLetter:
    walk, account = (uuid4(), ACCOUNT) if readable else (None, None)
    return DeadLetter(
        uuid4(), "t", 0, next(offsets), None, None, (), b"v", walk, account, letter_class, "e", behind
    )  # fmt: skip


async def test_letters_go_once_settled_or_where_nobody_can_read_them(database: Database) -> None:
    head = letter(DeadLetterClass.FAILED)
    owed = [head, letter(DeadLetterClass.UNSUPPORTED), letter(PARKED, head.id)]
    unread, young_unread = (letter(DeadLetterClass.UNREADABLE, readable=False) for _ in range(2))
    settled, young, discarded = (letter(DeadLetterClass.FAILED) for _ in range(3))
    async with database.transaction() as connection:
        await dead_letters.add(connection, [*owed, unread, young_unread, settled, young, discarded])
        await connection.execute("UPDATE l1_walk_dead_letters SET created_at = now() - $1::interval", OLD)
        await connection.execute(
            "UPDATE l1_walk_dead_letters SET created_at = now() WHERE id = $1", young_unread.id
        )
        for one, state, ago in (
            (settled, "redriven", OLD),
            (young, "redriven", YOUNG),
            (discarded, "discarded", OLD),
        ):
            await connection.execute(
                "UPDATE l1_walk_dead_letters SET state = $2, settled_at = now() - $3::interval WHERE id = $1",
                one.id,
                state,
                ago,
            )
    assert await expire(database, expire_dead_letters) == 3
    async with database.transaction() as connection:
        left = {row[0] for row in await connection.fetch("SELECT id FROM l1_walk_dead_letters")}
    assert left == {one.id for one in (*owed, young_unread, young)}


async def test_a_letter_that_somebody_holds_is_passed_over(database: Database) -> None:
    one, other = (letter(DeadLetterClass.UNREADABLE, readable=False) for _ in range(2))
    async with database.transaction() as connection:
        await dead_letters.add(connection, [one, other])
        await connection.execute("UPDATE l1_walk_dead_letters SET created_at = now() - $1::interval", OLD)
    async with database.transaction() as connection:
        await dead_letters.lock(connection, one.id)
        assert await expire(database, expire_dead_letters, 10) == 1
    assert await expire(database, expire_dead_letters, 10) == 1
