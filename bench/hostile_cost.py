"""What one message costs the event loop at most: decoding it, deciding it, and making all that is written of it.

`python -m bench.hostile_cost`. The rows are those of `docs/hostile-input.md`, and the ends of walks as large as they
may be, with what it takes to read those from the database's JSON. Milliseconds of CPU, the best of several attempts,
without the garbage collector, which the worker lets run every few batches only.
"""

import gc
from functools import partial
from itertools import accumulate, takewhile
from typing import Any, NamedTuple

import msgspec
import uvloop

from bench.clock import microseconds
from l1_walk_contracts import Topics, Verb
from l1_walk_contracts.limits import NOTES_BYTES, PATH_BYTES, PATH_ENTRIES, TEXT_CHARS
from service.domain.rules import Rules
from service.domain.session import Session
from service.pipeline.decode import decode
from service.pipeline.fold import Effects, Fold, Known
from service.store.entries import read_entries
from service.store.outbox import pack_headers
from tests.support.consumed import consumed
from tests.support.hostile import ROWS
from tests.support.records import STAMP
from tests.support.walk import Sending, Walk

SHOWN = 20
AT = "2026-01-31T09:30:00Z"
TEXTS = {"words": "word ", "lines": "word\n", "short lines": "x\n", "controls": "\1", "emoji": "\U0001f600"}

_fold = Fold(Topics(), Rules())
_encode = msgspec.json.Encoder().encode


class Cost(NamedTuple):
    """What a message costs."""

    milliseconds: float
    name: str


async def measure() -> list[Cost]:
    """All messages, the dearest first."""
    gc.collect()
    gc.disable()
    try:
        costs = [await _hostile(row.name, row.make) for row in ROWS]
        costs += [
            await _ending(f"the end of a walk of {text}, {notes} notes", TEXTS[text], chars)
            for text in TEXTS
            for notes, chars in (("few", TEXT_CHARS - 1), ("many", 1))
        ]
    finally:
        gc.enable()
    return sorted(costs, reverse=True)


async def _hostile(name: str, make: Any) -> Cost:
    walk = Walk()
    [session] = _handle(walk.start()).started
    sending = make(walk)

    async def work() -> None:
        _handle(sending, session)

    return Cost(await microseconds(work, 1) / 1000, name)


async def _ending(name: str, text: str, note_chars: int) -> Cost:
    walk = Walk()
    [session] = _handle(walk.start()).started
    path = _as_large_as_may_be(partial(_step, walk, text), PATH_BYTES, PATH_ENTRIES)
    notes = _as_large_as_may_be(partial(_note, walk, text * note_chars, note_chars), NOTES_BYTES, NOTES_BYTES)
    resolve = walk.send(Verb.RESOLVE, resolution_notes=f"x{(text * TEXT_CHARS)[: TEXT_CHARS - 2]}x")

    async def work() -> None:
        read = {"walked_path": read_entries(path), "walk_notes": read_entries(notes)}
        assert _handle(resolve, msgspec.structs.replace(session, **read)).changed

    return Cost(await microseconds(work, 1) / 1000, name)


def _handle(sending: Sending, session: Session | None = None) -> Effects:
    known = Known({session.id: session} if session else {}, {}, (), ())
    effects = _fold(decode([consumed(sending.received(STAMP), 0, 1)]), known)
    for message in effects.messages:
        pack_headers(message.headers)
    return effects


def _step(walk: Walk, text: str, number: int) -> dict[str, str]:
    said = f"x{text * 2_000}"[:2_000]
    told = {"node_id": f"n{number}", "question": said, "answer": said[:100], "next_node_id": f"n{number + 1}"}
    return told | {"user_id": walk.user, "at": AT, "kind": "step"}


def _note(walk: Walk, text: str, chars: int, _number: int) -> dict[str, str]:
    return {"text": f"x{text}"[:chars], "user_id": walk.user, "at": AT}


def _as_large_as_may_be(make: Any, size: int, most: int) -> str:
    """Entries as the database gives them, as many as a walk may have."""
    sizes = accumulate(len(_encode(make(number))) + 1 for number in range(most))
    fitting = sum(1 for _ in takewhile(lambda total: total < size, sizes))
    return _encode([make(number) for number in range(fitting)]).decode()


if __name__ == "__main__":
    for milliseconds, name in uvloop.run(measure())[:SHOWN]:
        print(f"{milliseconds:6.2f} ms  {name}")
