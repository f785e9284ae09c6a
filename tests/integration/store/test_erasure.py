"""An account's erasure, table by table: what goes, what another account keeps, and who waits for whom."""

import asyncio
import json
from itertools import count
from uuid import UUID, uuid4

import pytest

from l1_walk_contracts import DeadLetterClass, DeadLetterState, Outcome
from service.store import dead_letters, erasure, held, inbox, outbox, references, sessions
from service.store.database import Database
from service.store.dead_letters import PARKED, DeadLetter, Settled
from service.store.erasure import PROMOTED, erase_account
from service.store.held import Hold
from service.store.inbox import InboxEntry
from service.store.outbox import Message
from service.store.references import Reference
from tests.support.traces import traces
from tests.support.walks import session

GONE, OTHER, USER, FLOW = (uuid4() for _ in range(4))
TOPIC = "l1.walk.commands"
offsets = count()


def letter(
    session_id: UUID | None, account: UUID | None, behind: DeadLetter | None = None, partition: int = 4
) -> DeadLetter:
    """A letter of this account's, whose record names it; None: nobody can read whose it is."""
    named = str(account) if account else "hidden"
    return DeadLetter(
        uuid4(), TOPIC, partition, next(offsets), None, named.encode(), [("h", named.encode())],
        json.dumps({"account_id": named}).encode(), session_id, account,
        PARKED if behind else DeadLetterClass.UNSUPPORTED, "unknown verb or version", behind.id if behind else None,
    )  # fmt: skip


async def keep(database: Database, *letters: DeadLetter) -> None:
    """Put them aside; the heads hold their sessions."""
    async with database.transaction() as connection:
        await dead_letters.add(connection, letters)
        holds = [
            Hold(one.session_id, one.id, 4) for one in letters if one.session_id and not one.parked_behind
        ]
        if holds:
            await held.add(connection, holds)


async def walk(database: Database, account: UUID) -> UUID:
    """A walk with all that a batch leaves of it."""
    id_ = uuid4()
    note = {"text": f"of {account}", "user_id": str(USER), "at": "2026-03-02T09:00:00Z"}
    fresh = session(id=id_, account_id=account, created_by_user_id=USER, flow_id=FLOW, walk_notes=(note,))
    place = next(offsets)
    named = {Reference("account", account), Reference("user", USER), Reference("flow", FLOW)}
    async with database.transaction() as connection:
        await references.learn(connection, named)
        await sessions.insert(connection, [fresh])
        await inbox.add(
            connection, [InboxEntry(id_, f"/{account}", "c", b"d", Outcome.ACCEPTED, None, 1, 4, place)]
        )
        await outbox.add(
            connection,
            [
                Message(4, place, 0, "t", 4, None, (), str(account).encode(), id_, account),
                Message(4, place, 1, "t", 4, None, (), str(account).encode(), id_, None),
            ],
        )
    return id_


async def left(database: Database) -> list[tuple[UUID, str, str, UUID | None]]:
    """Id, class, error and what it waits behind, of each letter in its order."""
    async with database.transaction() as connection:
        rows = await connection.fetch(
            'SELECT id, class, error, parked_behind FROM l1_walk_dead_letters ORDER BY partition, "offset"'
        )
    return [tuple(row) for row in rows]


async def holds(database: Database) -> dict[UUID, UUID]:
    async with database.transaction() as connection:
        rows = await connection.fetch("SELECT session_id, dead_letter_id FROM l1_walk_held")
    return dict(map(tuple, rows))


async def found(database: Database, account: UUID) -> dict[str, int]:
    async with database.transaction() as connection:
        return await traces(connection, account)


async def test_an_account_leaves_no_trace_in_any_table(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "STEP", 2)
    monkeypatch.setattr(erasure, "MESSAGES_STEP", 3)
    walks = [await walk(database, GONE) for _ in range(5)]
    kept = await walk(database, OTHER)
    head, settled, lone, other = (
        letter(walks[0], GONE), letter(walks[1], GONE), letter(uuid4(), GONE), letter(kept, OTHER)
    )  # fmt: skip
    await keep(
        database,
        head,
        settled,
        lone,
        other,
        letter(walks[0], None, head),
        letter(lone.session_id, GONE, lone),
    )
    await keep(database, letter(walks[2], None), letter(lone.session_id, None, lone), letter(None, GONE))
    async with database.transaction() as connection:
        outcome = [Settled(settled.id, Outcome.ACCEPTED, None)]
        await dead_letters.settle(connection, DeadLetterState.REDRIVEN, outcome, "somebody", f"for {GONE}")
        await references.vanish(connection, {Reference("account", GONE)})
    assert await erase_account(database, GONE, adopted=False) == 5

    assert await found(database, GONE) == {"l1_walk_references": 1}
    for id_ in (*walks, lone.session_id):
        assert id_ is not None
        assert await found(database, id_) == {}
    assert await holds(database) == {kept: other.id}
    assert [one[0] for one in await left(database)] == [other.id]
    async with database.transaction() as connection:
        assert await connection.fetchval("SELECT count(*) FROM l1_walk_outbox") == 2
        assert set(await sessions.load(connection, [*walks, kept])) == {kept}
        assert await connection.fetchval("SELECT gone FROM l1_walk_references WHERE id = $1", GONE)
    assert await erase_account(database, GONE, adopted=False) == 0


async def test_upstreams_account_keeps_its_row(database: Database) -> None:
    await walk(database, GONE)
    await erase_account(database, GONE, adopted=True)
    assert await found(database, GONE) == {"accounts": 1, "l1_walk_references": 1}


async def test_what_another_account_sent_takes_the_place_of_what_it_waited_behind(database: Database) -> None:
    never_begun = uuid4()
    head = letter(never_begun, GONE)
    first, mine, second = (letter(never_begun, account, head) for account in (OTHER, GONE, OTHER))
    await keep(database, head, second, mine, first)
    await erase_account(database, GONE, adopted=False)
    assert await left(database) == [
        (first.id, "failed", PROMOTED, None),
        (second.id, PARKED, second.error, first.id),
    ]
    assert await holds(database) == {never_begun: first.id}
    assert await found(database, GONE) == {}


async def test_what_waits_behind_another_accounts_letter_goes_and_the_letter_stays(
    database: Database,
) -> None:
    mine = await walk(database, GONE)
    head = letter(mine, OTHER)
    await keep(database, head, letter(mine, GONE, head), letter(mine, None, head))
    await erase_account(database, GONE, adopted=False)
    assert [one[0] for one in await left(database)] == [head.id]
    assert await holds(database) == {mine: head.id}


async def test_what_nobody_can_read_stays_with_the_walk_of_another_account(database: Database) -> None:
    others = await walk(database, OTHER)
    head = letter(others, GONE)
    unread = letter(others, None, head)
    await keep(database, head, unread)
    await erase_account(database, GONE, adopted=False)
    assert await left(database) == [(unread.id, "failed", PROMOTED, None)]
    assert await holds(database) == {others: unread.id}


async def test_a_batch_that_holds_a_walk_is_first_and_is_waited_for(database: Database) -> None:
    mine = await walk(database, GONE)
    locked, done = asyncio.Event(), asyncio.Event()

    async def batch() -> None:
        async with database.transaction() as connection:
            await sessions.load(connection, [mine])
            locked.set()
            await asyncio.sleep(2.5 * erasure.LOCK_MS / 1000)
            assert not done.is_set()
            await held.load(connection, [mine])

    async def erase() -> None:
        await locked.wait()
        assert await erase_account(database, GONE, adopted=False) == 1
        done.set()

    await asyncio.gather(batch(), erase())
    assert await found(database, mine) == {}
