"""What the sieve writes is what a fold would come to that knew beforehand which commands are refused."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l1_walk_contracts import Topics, Verb
from service.domain.rules import Rules
from service.pipeline.decode import Decoded, decode
from service.pipeline.fold import Effects, Fold, Known
from service.pipeline.sieve import Sieve
from service.store.database import Connection
from tests.support.consumed import consumed
from tests.support.records import STAMP
from tests.support.walk import Sending, Walk

FOLD = Fold(Topics("t"), Rules())
NOTHING = Known({}, {}, (), ())


class RefusedError(Exception):
    """What the database says of poison."""


class Table:
    """A database that refuses walks with poison in their path; its savepoints can be rolled back."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.written: list[Effects] = []
        self.fault = fault or RefusedError()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        before = list(self.written)
        try:
            yield
        except BaseException:
            self.written = before
            raise

    async def write(self, _connection: Connection, effects: Effects) -> None:
        for session in [*effects.started, *(new for _, new in effects.changed)]:
            if any(entry["node_id"] == "poison" for entry in session.walked_path):
                raise self.fault
        self.written.append(effects)


def sifted(table: Table, decoded: list[Decoded]) -> Effects:
    sieve = Sieve(FOLD, table.write)
    return asyncio.run(sieve.run(cast("Connection", table), decoded, NOTHING))


def records(*sent: Sending) -> list[Decoded]:
    return decode([consumed(s.received(STAMP), 1, n) for n, s in enumerate(sent)])


def all_of(effects: list[Effects], name: str) -> list[Any]:
    return sorted((one for part in effects for one in getattr(part, name)), key=repr)


def put_aside(effects: list[Effects]) -> list[Any]:
    letters = [letter for part in effects for letter in part.dead_letters]
    return sorted(((le.id, le.letter_class, le.parked_behind) for le in letters), key=repr)


NODES = st.lists(st.sampled_from(["a", "b", "c", "poison"]), max_size=5)


@given(st.lists(NODES, min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_what_is_refused_is_put_aside_and_nothing_else(walks: list[list[str]], rng: Any) -> None:
    sent: list[tuple[float, int, Sending]] = []
    for nodes in walks:
        walk = Walk()
        at = sorted(rng.random() for _ in range(len(nodes) + 2))
        commands = [walk.start(), *map(walk.step, nodes), walk.send(Verb.NOTE)]
        sent += [(moment, n, command) for n, (moment, command) in enumerate(zip(at, commands, strict=True))]
    decoded = records(
        *(command for _, _, command in sorted(sent, key=lambda one: one[:2])), Sending(None, b"{")
    )

    table = Table()
    told = sifted(table, decoded)

    known_bad = [
        one.failing("RefusedError in tests") if b'"poison"' in (one.record.value or b"") else one
        for one in decoded
    ]
    expected = FOLD(known_bad, NOTHING)
    for name in ("started", "inbox", "held"):
        assert all_of(table.written, name) == all_of([expected], name)
    assert put_aside(table.written) == put_aside([expected])
    assert [(m.offset, m.number, m.topic) for m in told.messages] == [
        (m.offset, m.number, m.topic) for m in expected.messages
    ]
    assert told.outcomes == expected.outcomes
    assert put_aside([told]) == put_aside([expected])


def test_what_is_not_a_commands_fault_is_raised() -> None:
    walk = Walk()
    with pytest.raises(ConnectionResetError):
        sifted(Table(ConnectionResetError()), records(walk.start(), walk.step("poison")))
