"""Plain text out of values of any shape, and how it is made to fit."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

_encode = msgspec.json.Encoder(order="sorted").encode
_plain = msgspec.to_builtins
_ODD_CHARS = 300
_SAID_CHARS = 60
"""Room for the line that says what was left out."""


def timestamp(at: datetime) -> str:
    """A time as RFC 3339 text, in UTC: `2026-01-31T09:30:00Z`. A seventh of what `isoformat` costs."""
    text: str = _plain(at.astimezone(UTC))
    return text


def minute(at: datetime) -> str:
    """A time to the minute, in UTC: `2026-01-31 09:30`."""
    text = timestamp(at)
    return f"{text[:10]} {text[11:16]}"


def id_text(uuid: UUID) -> str:
    """A UUID in canonical form. A quarter of what `str` costs."""
    text: str = _plain(uuid)
    return text


def one_line(value: object) -> str:
    """A value on one line, "" for None; what is no text is shown as JSON, cut where it is long."""
    if isinstance(value, str):
        return " ".join(value.split())
    return "" if value is None else _odd(value)


def paragraph(value: object, indent: str = "") -> str:
    """A value as text whose lines after the first begin with `indent`, without blank space around it."""
    if not isinstance(value, str):
        return one_line(value)
    lines = value.strip().splitlines()
    return value.strip() if len(lines) < 2 else f"\n{indent}".join(map(str.rstrip, lines))


def clip(text: str, chars: int) -> str:
    """The text in at most so many characters; the middle gives way to a line saying how much is left out."""
    if len(text) <= chars:
        return text
    kept = chars - _SAID_CHARS
    head = kept * 2 // 3
    tail = kept - head
    return f"{text[:head]}\n[... {len(text) - kept:,} characters left out ...]\n{text[-tail:]}"


def length(blocks: Sequence[str], most: int) -> int:
    """How many characters the blocks have, a line break after each; where it is more than `most`, not how many more."""
    chars = 0
    for block in blocks:
        chars += len(block) + 1
        if chars > most:
            break
    return chars


def fit(blocks: Sequence[str], chars: int, noun: str) -> Sequence[str]:
    """The blocks, a line break after each, in at most so many characters.

    Those in the middle give way to a line that says how many of them are left out.
    """
    if length(blocks, chars) <= chars:
        return blocks
    first, last, room = 0, len(blocks), chars - _SAID_CHARS
    while first < last:
        at_the_front = first <= len(blocks) - last
        room -= len(blocks[first if at_the_front else last - 1]) + 1
        if room < 0:
            break
        first, last = (first + 1, last) if at_the_front else (first, last - 1)
    return [*blocks[:first], f"[... {count(last - first, noun)} left out ...]", *blocks[last:]]


def count(number: int, noun: str) -> str:
    """`1 step`, `2 steps`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _odd(value: object) -> str:
    try:
        text = _encode(value).decode()
    except RecursionError:
        return "[...]"
    return text if len(text) <= _ODD_CHARS else f"{text[:_ODD_CHARS]} ..."
