"""Paths and notes out of JSON as PostgreSQL holds it: ours are read fast, upstream's old rows may hold anything."""

import json
import math
from typing import Any

import msgspec

DEPTH = 100
"""Levels of nesting that can be told on; readers of events refuse more than twice as many."""

_EMPTY = "[]"
_decode = msgspec.json.Decoder(list[dict[str, str]]).decode
_split = msgspec.json.Decoder(list[msgspec.Raw]).decode


def read_entries(text: str) -> tuple[Any, ...]:
    """The entries of a path or of notes.

    What is no array counts as one entry, as PostgreSQL's `||` has it. What readers of JSON do not take stays text: a
    number beyond a double's range, an entry that is nested too deeply.
    """
    if text == _EMPTY:
        return ()
    try:
        return tuple(_decode(text))
    except msgspec.DecodeError:
        return tuple(_read_odd(entry) for entry in _apart(text))


def _apart(text: str) -> list[str]:
    if not text.startswith("["):
        return [text]
    try:
        return [str(memoryview(raw), "utf-8") for raw in _split(text)]
    except RecursionError:
        return [text]


def _read_odd(text: str) -> Any:
    try:
        value = json.loads(text, parse_int=_whole, parse_float=_number)
    except RecursionError:
        return text
    return text if _is_deep(value) else value


def _whole(digits: str) -> int | float | str:
    return int(digits) if len(digits) < 19 else _number(digits)


def _number(digits: str) -> float | str:
    value = float(digits)
    return value if math.isfinite(value) else digits


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
