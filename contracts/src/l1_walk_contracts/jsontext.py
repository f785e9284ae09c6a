"""Bytes to a JSON value: exact, bounded, and without exceptions for what a hostile producer may send."""

import re
from typing import Any, Final

from pydantic_core import from_json

_HEX: Final = rb"[0-9a-fA-F]{2}"
_HIGH: Final = rb"[89abAB]" + _HEX
_LOW: Final = rb"[c-fC-F]" + _HEX
_ESCAPE: Final = rb"\\u[dD]"
# Both begin with what is looked for first, so that a search runs through the text at the speed of memchr.
_LONE_SURROGATE: Final = re.compile(
    _ESCAPE + rb"(?:" + _HIGH + rb"(?!" + _ESCAPE + _LOW + rb")|"
    + _LOW + rb"(?<!" + _ESCAPE + _HIGH + _ESCAPE + _LOW + rb"))"
)  # fmt: skip
_LONG_NUMBER: Final = re.compile(
    rb"(?<![0-9.eE+])(?<![eE]-)[1-9][0-9]{309,}(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
)
_DIGITS_TO_0: Final = bytes(ord("0") if chr(byte).isdigit() else ord(" ") for byte in range(128)).ljust(256)
_LONG_RUN: Final = b"0" * 310
_PROBE: Final = 100
_LONG_PROBED: Final = re.compile(rb"[0-9]{3}")
"""What so long a run leaves of a text of which every hundredth byte is taken."""
_PAIR: Final = b"\0\0"
_SURROGATES: Final = 20_000
"""Escapes of surrogates that are looked at one by one."""


def parse_json(text: bytes) -> Any:
    """The value of a JSON text; of doubled keys the last counts. Raises ValueError where it is none.

    NaN, Infinity, a byte order mark, bytes that are no UTF-8 and nesting of more than 200 levels are refused.
    Two things are JSON and still must not make the rest unreadable, or slow: half of a surrogate pair is read as
    U+0000, which no field may hold either (where there are 20,000 escapes of surrogates at most), and a number of
    more than 309 digits before its point, which no double holds, as infinity.
    """
    first = _mend(text) if _may_hold_long_numbers(text) else text
    try:
        return from_json(first, allow_inf_nan=False)
    except ValueError:
        mended = _mend(text)
        if mended == first:
            raise
        return from_json(mended, allow_inf_nan=False)


def has_more_values(text: bytes, limit: int) -> bool:
    """Whether a JSON text holds more values than that, at any depth, as told by its commas and opening brackets.

    An empty list or object that is not the first value counts as two. Takes a fraction of what reading takes.
    """
    if len(text) <= limit or _count(text) <= limit:
        return False
    parts = text.replace(rb"\\", b"").replace(rb"\"", b"").split(b'"', 4 * limit + 1)
    if len(parts) > 4 * limit + 1:  # of four quotes a value has, a name's and its own
        return True
    return _count(b"".join(parts[::2])) > limit


def _count(text: bytes) -> int:
    return text.count(b",") + text.count(b"[") + text.count(b"{")


def _mend(text: bytes) -> bytes:
    if b"\0" in text:  # no JSON, and the mark that is used here
        return text
    if text.count(rb"\ud") + text.count(rb"\uD") > _SURROGATES:
        return text
    # The first two of a run of backslashes are one escaped backslash; those set aside, escapes are plain.
    text = _LONE_SURROGATE.sub(rb"\\u0000", text.replace(rb"\\", _PAIR))
    if _may_hold_long_numbers(text):
        text = _without_long_numbers(text)
    return text.replace(_PAIR, rb"\\")


def _may_hold_long_numbers(text: bytes) -> bool:
    return len(text) >= len(_LONG_RUN) and _LONG_PROBED.search(text[::_PROBE]) is not None


def _without_long_numbers(text: bytes) -> bytes:
    unquoted = text.replace(rb"\"", _PAIR)
    digits = text.translate(_DIGITS_TO_0)
    parts, begin, quotes = [], 0, 0
    start = digits.find(_LONG_RUN)
    while start >= 0:
        end = digits.find(b" ", start) % (len(text) + 1)
        quotes += unquoted.count(b'"', begin, start)
        number = None if quotes % 2 else _LONG_NUMBER.match(text, start)
        end = number.end() if number else end
        parts += [text[begin:start], b"1e999" if number else text[start:end]]
        begin, start = end, digits.find(_LONG_RUN, end)
    return b"".join([*parts, text[begin:]])
