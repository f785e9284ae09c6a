"""What stands there against what was expected: pure, one line for each difference."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from service.dev.simulation.expected import DeadLetter, Expected, Fields, Rejection
from service.dev.simulation.seen import Seen, plain_kind
from service.dev.simulation.views import session_view

SHOWN = 80
"""Characters of a value that a difference shows."""

_CONTAINED = ("summary", "customer_summary")
"""Texts of the worker's own making: they must hold what is expected."""
_ROUNDED = ("duration_seconds", "active_seconds")
_CUT = {"path": "walked_path", "nodes": "walked_path", "note_texts": "walk_notes", "notes": "walk_notes"}
"""What cannot be compared where an event says that it cut its source."""


def compare_sessions(expected: Mapping[str, Fields], rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Every row against its expectation, both by session id; rows that nobody expects, and those missing."""
    differences = [f"walk {i}: a row that nobody expected" for i in rows if i not in expected]
    for session_id, fields in expected.items():
        row = rows.get(session_id)
        if row is None:
            differences.append(f"walk {session_id}: no row, expected status {fields.get('status')}")
        else:
            differences += compare_fields(f"walk {session_id}", fields, session_view(row))
    return differences


def compare_events(expected: Expected, seen: Seen) -> list[str]:
    """All that was expected on the topics against what came out; and what was wrong with a message itself."""
    differences = list(seen.differences)
    told_each = {kind for kind, _ in expected.events}
    for place in {**expected.events, **seen.events}:
        if place[0] in told_each or place[0] not in expected.totals:
            differences += _compare_place(place, expected.events.get(place, []), seen.events.get(place, []))
    differences += _compare_totals(expected.totals, seen)
    differences += _compare_counts("rejection", expected.rejections, seen.rejections)
    differences += _compare_counts("dead letter", expected.dead_letters, seen.dead_letters)
    return differences


def compare_fields(what: str, expected: Mapping[str, object], got: Mapping[str, object]) -> list[str]:
    """The fields of `expected` that `got` has otherwise; what an event cut away is passed over."""
    cut = got.get("truncated")
    gone = cut if isinstance(cut, list) else []
    return [
        f"{what}: {name} is {_show(got.get(name), value)}, expected {_show(value, got.get(name))}"
        for name, value in expected.items()
        if _CUT.get(name, name) not in gone and not _agrees(name, value, got.get(name))
    ]


def _compare_place(place: tuple[str, str], expected: list[Fields], got: list[Fields]) -> list[str]:
    kind, session_id = place
    what = f"walk {session_id}: {plain_kind(kind)}"
    if len(expected) != len(got):
        return [f"{what} came out {len(got)} times, expected {len(expected)}"]
    return [
        difference
        for wanted, fields in zip(expected, got, strict=True)
        for difference in compare_fields(what, wanted, fields)
    ]


def _compare_totals(totals: Mapping[str, int], seen: Seen) -> list[str]:
    came = Counter(dict.fromkeys(totals, 0))
    for (kind, _), events in seen.events.items():
        came[kind] += len(events)
    return [
        f"{plain_kind(kind)}: {came[kind]} events came out, expected {count}"
        for kind, count in totals.items()
        if came[kind] != count
    ]


def _compare_counts(what: str, expected: Counter[Any], got: Counter[Any]) -> list[str]:
    return [
        f"{what} {_told(thing)}: {got[thing]} came out, expected {expected[thing]}"
        for thing in {**expected, **got}
        if expected[thing] != got[thing]
    ]


def _told(thing: Rejection | DeadLetter) -> str:
    if isinstance(thing, Rejection):
        fields = f" of {', '.join(thing.fields)}" if thing.fields else ""
        return f"{thing.reason}{fields} for command {thing.command_id} of walk {thing.session_id}"
    return f"({thing.error_class}) with key {thing.key!r} and {len(thing.value or b'')} bytes"


def _agrees(name: str, expected: object, got: object) -> bool:
    if name in _CONTAINED:
        return isinstance(got, str) and _plain(str(expected)) in _plain(got)
    if name in _ROUNDED and isinstance(expected, float) and isinstance(got, int | float):
        return abs(expected - got) <= 1
    return expected == got


def _plain(text: str) -> str:
    return " ".join(text.split())


def _show(value: object, other: object) -> str:
    """A value in a few words; of two lists, from where they part."""
    if isinstance(value, list) and isinstance(other, list):
        pairs = enumerate(zip(value, other, strict=False))
        at = next((n for n, (one, two) in pairs if one != two), min(len(value), len(other)))
        return f"[{at}:] {_short(value[at : at + 2])} of {len(value)}"
    return _short(value)


def _short(value: object) -> str:
    text = repr(value) if isinstance(value, str | list) else str(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
