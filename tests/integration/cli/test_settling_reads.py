"""What settling reads of the database: the letters page by page, and what became of each."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from l1_walk_contracts import SettleVerb
from service.ops import dead_letters
from service.ops.dead_letters import LetterLine, Wanted
from service.ops.settling import End, Result, choice, named_ones, wanted_ones
from service.ops.settling.post import Posted
from service.ops.settling.results import look
from service.store.address import dsn

TOPIC = "l1.walk.commands"


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection = await asyncpg.connect(dsn(database_url))
    yield connection
    await connection.close()


class Letters:
    """Puts them there as a worker does."""

    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        self._connection = connection
        self._offsets = iter(range(1000))

    async def add(
        self,
        error: str = "KeyError in a",
        *,
        partition: int = 0,
        letter_class: str = "failed",
        **more: Any,
    ) -> UUID:
        offset = next(self._offsets)
        columns = {"id": uuid4(), "topic": TOPIC, "partition": partition, '"offset"': offset}
        columns |= {"class": letter_class, "error": error, "state": "open", "session_id": uuid4()} | more
        numbers = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
        await self._connection.execute(
            f"INSERT INTO l1_walk_dead_letters ({', '.join(columns)}) VALUES ({numbers})", *columns.values()
        )
        return UUID(str(columns["id"]))

    async def line(self, id_: UUID) -> LetterLine:
        [line] = await dead_letters.find(self._connection, str(id_))
        return line


@pytest.fixture
def letters(connection: "asyncpg.Connection[Any]") -> Letters:
    return Letters(connection)


async def test_all_that_are_wanted_are_read_page_by_page_and_in_order(
    connection: "asyncpg.Connection[Any]", letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "PAGE", 3)
    many = [await letters.add(f"KeyError in a: {n}", partition=n % 2) for n in range(10)]
    other = await letters.add("ValueError in b")
    await letters.add("KeyError in a", topic="another")
    await letters.add("KeyError in a", parked_behind=many[0], letter_class="parked")
    await letters.add("KeyError in a", state="redriven")
    wanted = await wanted_ones(connection, Wanted(topic=TOPIC))
    await connection.execute(
        "UPDATE l1_walk_dead_letters SET updated_at = clock_timestamp() WHERE id = $1", many[4]
    )
    await letters.add("KeyError in a")
    found = {lot.group.reason: [line.id async for line in lot.letters] for lot in wanted.lots(connection)}
    assert found == {
        "KeyError in a": [id_ for id_ in (*many[0::2], *many[1::2]) if id_ != many[4]],
        "ValueError in b": [other],
    }
    assert (wanted.letters, wanted.parked) == (11, 1)


async def test_named_ones_stand_together_by_what_is_wrong(
    connection: "asyncpg.Connection[Any]", letters: Letters
) -> None:
    errors = ["KeyError in a: 1", "ValueError in b", "KeyError in a: 2"]
    lines = [await letters.line(await letters.add(error)) for error in errors]
    named = await named_ones(connection, lines[::-1])
    found = [[line.error async for line in lot.letters] for lot in named.lots(connection)]
    assert found == [["KeyError in a: 1", "KeyError in a: 2"], ["ValueError in b"]]
    assert [group.letters for group in named.groups] == [2, 1]


async def test_what_became_of_each_is_read_at_once(
    connection: "asyncpg.Connection[Any]", letters: Letters
) -> None:
    session = uuid4()
    names = ("through", "again", "gone", "refused", "waiting", "held", "dropped")
    sessions = {"held": session}
    ids = {name: await letters.add(session_id=sessions.get(name, uuid4())) for name in names}
    posted = [Posted(await letters.line(ids[name]), 50) for name in names]
    posted[names.index("waiting")] = posted[names.index("waiting")]._replace(offset=60)
    behind = await letters.add("KeyError in b", session_id=session)
    settle = "UPDATE l1_walk_dead_letters SET state = $2, outcome = $3, outcome_reason = $4 WHERE id = $1"
    await connection.execute(settle, ids["through"], "redriven", "rejected", "stale_node")
    await connection.execute(settle, ids["held"], "redriven", "accepted", None)
    await connection.execute(settle, ids["dropped"], "discarded", None, None)
    await connection.execute(
        "UPDATE l1_walk_dead_letters SET attempts = 1, error = 'new' WHERE id = $1", ids["again"]
    )
    await connection.execute("DELETE FROM l1_walk_dead_letters WHERE id = $1", ids["gone"])
    await connection.execute(
        "INSERT INTO l1_walk_held (session_id, dead_letter_id, partition) VALUES ($1, $2, 0)", session, behind
    )
    await connection.execute(
        "INSERT INTO l1_walk_progress (topic, partition, next_offset) VALUES ($1, 0, 60)", TOPIC
    )
    seen = await look(connection, TOPIC, SettleVerb.REDRIVE, posted)
    lines = {name: one.letter for name, one in zip(names, posted, strict=True)}
    assert list(seen.results) == [
        Result(lines["through"], End.REDRIVEN, "rejected", "stale_node"),
        Result(lines["again"], End.FAILED_AGAIN, error="new"),
        Result(lines["gone"], End.GONE),
        Result(lines["refused"], End.REFUSED),
        Result(lines["held"], End.REDRIVEN, "accepted", None, None, behind, "KeyError in b"),
        Result(lines["dropped"], End.DISCARDED),
    ]
    assert seen.progress == {0: 60}
