import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from l1_walk_contracts import SessionKind, SessionStatus, Verb
from service.domain.session import Session
from service.store import references, sessions
from service.store.database import Connection, Database
from service.store.references import Reference
from tests.support.waiting import until
from tests.support.walks import ACCOUNT, ANNA, FLOW, PROPOSAL, accepted, at, command, session

NAMED = [
    Reference("account", ACCOUNT), Reference("user", ANNA), Reference("flow", FLOW), Reference("proposal", PROPOSAL)
]  # fmt: skip

FULL = session(
    SessionKind.PROPOSAL,
    acting_as="l1_coverage",
    current_node_id="n" * 100,
    walked_path=({"node_id": "n", "answer": '€ \U0001f600 \\ " \u2028'},),
    walk_notes=({"text": "t"}, {"text": "u"}),
    status=SessionStatus.RESOLVED,
    resolution_notes="done\n",
    helpful=False,
    escalation_reason="r",
    escalation_reason_category="c",
    last_step_at=at(1.000001),
    resolved_at=at(2),
    version=7,
    home_partition=None,
)


async def insert(database: Database, *fresh: Session) -> None:
    async with database.transaction() as connection:
        await references.learn(connection, NAMED)
        await sessions.insert(connection, fresh)


async def load(database: Database, session_id: UUID) -> Session:
    async with database.transaction() as connection:
        return (await sessions.load(connection, [session_id]))[session_id]


async def texts(connection: Connection, session_id: UUID) -> tuple[str, str]:
    row = await connection.fetchrow(
        "SELECT walked_path::text, walk_notes::text FROM l1_walk_sessions WHERE id = $1", session_id
    )
    assert row is not None
    return tuple(row)


@pytest.mark.parametrize(
    "fresh", [session(), session(SessionKind.AI_BUILD), FULL], ids=["flow", "ai", "full"]
)
async def test_what_is_written_is_read(database: Database, fresh: Session) -> None:
    await insert(database, fresh)
    assert await load(database, fresh.id) == fresh
    async with database.transaction() as connection:
        assert await sessions.read(connection, fresh.id) == fresh
        assert await sessions.load(connection, [uuid4()]) == {}
        assert await sessions.read(connection, uuid4()) is None


async def test_all_that_may_change_is_written(database: Database) -> None:
    fresh = session(SessionKind.PROPOSAL)
    await insert(database, fresh)
    full = msgspec.structs.replace(FULL, acting_as=fresh.acting_as)
    async with database.transaction() as connection:
        before = (await sessions.load(connection, [fresh.id]))[fresh.id]
        await sessions.update(connection, [(before, full)])
    assert await load(database, fresh.id) == full


async def test_many_change_at_once_each_its_own_way(database: Database) -> None:
    walks = [session(id=uuid4()) for _ in range(20)]
    await insert(database, *walks)
    changed = [
        msgspec.structs.replace(
            walk,
            walked_path=tuple({"node_id": str(n)} for n in range(number)),
            walk_notes=tuple({"text": str(n)} for n in range(number % 3)),
            helpful=[None, True, False][number % 3],
            version=2 + number,
        )
        for number, walk in enumerate(walks)
    ]
    async with database.transaction() as connection:
        await sessions.update(connection, list(zip(walks, changed, strict=True)))
    async with database.transaction() as connection:
        assert await sessions.load(connection, [walk.id for walk in walks]) == {w.id: w for w in changed}


NOTES = ({"text": "a"}, {"text": "b"})


@pytest.mark.parametrize(
    "notes",
    [NOTES, (*NOTES, {"text": "c"}), NOTES[:1], (), NOTES[::-1], (NOTES[0], {"text": "x"}, NOTES[1])],
    ids=["same", "more", "fewer", "none", "swapped", "between"],
)
async def test_notes_are_appended_or_replaced(database: Database, notes: tuple[Any, ...]) -> None:
    fresh = session(walk_notes=NOTES)
    await insert(database, fresh)
    async with database.transaction() as connection:
        await sessions.update(connection, [(fresh, msgspec.structs.replace(fresh, walk_notes=notes))])
    assert (await load(database, fresh.id)).walk_notes == notes


HUGE = "9" * 5_000
NESTED = "[" * 500 + "]" * 500
ODD = {
    "object": '{"a": 1}',
    "string": '"text"',
    "null": "null",
    "number": "7",
    "true": "true",
    "nested": '[[[{"node_id": ["n"]}]], null, "x", {"kind": {}}]',
    "deep": f"[{NESTED}]",
    "huge whole number": f"[{HUGE}]",
    "huge number in an object": f'{{"n": -{HUGE}.5}}',
    "not its type": '[{"node_id": 7, "answer": null, "at": [], "user_id": {}, "kind": 3, "next_node_id": []}]',
}


@pytest.mark.parametrize("old", ODD.values(), ids=ODD.keys())
async def test_a_row_of_any_shape_is_borne_and_kept(database: Database, old: str) -> None:
    """Upstream's rows: whatever stood there stands, and what comes is put behind it."""
    fresh = session()
    await insert(database, fresh)
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE l1_walk_sessions SET walked_path = $1::text::jsonb, walk_notes = $1::text::jsonb", old
        )
        before = (await sessions.load(connection, [fresh.id]))[fresh.id]
        stood, _ = await texts(connection, fresh.id)
        await sessions.update(connection, [(before, msgspec.structs.replace(before, version=2))])
        assert await texts(connection, fresh.id) == (stood, stood)

    stepped = accepted(before, command(Verb.STEP, {"node_id": "n", "answer": "yes"})).session
    noted = accepted(stepped, command(Verb.NOTE, {"text": "t"})).session
    async with database.transaction() as connection:
        await sessions.update(connection, [(before, noted)])
        path, notes = await texts(connection, fresh.id)
        inner = stood[1:-1] if stood.startswith("[") else stood
        assert path.startswith(f"[{inner}, {{")
        assert notes.startswith(f"[{inner}, {{")
        again = (await sessions.load(connection, [fresh.id]))[fresh.id]
        assert again.walked_path[-1] == noted.walked_path[-1]
        assert len(again.walked_path) == len(before.walked_path) + 1

        replaced = accepted(again, command(Verb.REPLACE_NOTES, {"notes": [{"text": "new"}]})).session
        await sessions.update(connection, [(again, replaced)])
        assert [note["text"] for note in json.loads((await texts(connection, fresh.id))[1])] == ["new"]


async def test_sessions_are_locked_until_the_transaction_ends(database: Database) -> None:
    fresh = session()
    await insert(database, fresh)
    async with database.transaction() as first:
        await sessions.load(first, [fresh.id])
        second = asyncio.create_task(load(database, fresh.id))
        await until(lambda: first.fetchval(WAITING), 10, "the second waits for the first")
        await sessions.update(first, [(fresh, msgspec.structs.replace(fresh, version=2))])
        assert not second.done()
    assert (await second).version == 2


WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
