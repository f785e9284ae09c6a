"""Bytes to a JSON value: exact, bounded, and without exceptions for what a hostile producer may send."""

import re
from typing import Any, Final

from pydantic_core import from_json

_HEX: Final = rb"[0-9a-fA-F]{2}"
_HIGH: Final = rb"\\u[dD][89abAB]" + _HEX
_LOW: Final = rb"\\u[dD][c-fC-F]" + _HEX
_LONE_SURROGATE: Final = re.compile(_HIGH + rb"(?!" + _LOW + rb")|" + _LOW + rb"(?<!" + _HIGH + _LOW + rb")")
_LONG_INTEGER: Final = re.compile(rb"(?<![0-9.eE+])(?<![eE]-)[1-9][0-9]{4300,}(?![0-9.eE])")
_PAIR: Final = b"\0\0"


def parse_json(text: bytes) -> Any:
    """The value of a JSON text; of doubled keys the last counts. Raises ValueError where it is none.

    NaN, Infinity, a byte order mark, bytes that are no UTF-8 and nesting of more than 200 levels are refused.
    Two things are JSON and still no value of Python's, and must not make the rest unreadable: half of a
    surrogate pair is read as U+0000, which no field may hold either, and an integer of more than 4,300 digits
    as infinity.
    """
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError:
        mended = _mend(text)
        if mended == text:
            raise
        return from_json(mended, allow_inf_nan=False)


def _mend(text: bytes) -> bytes:
    if b"\0" in text:  # no JSON, and the mark that is used here
        return text
    # The first two of a run of backslashes are one escaped backslash; those set aside, escapes are plain.
    text = _LONE_SURROGATE.sub(rb"\\u0000", text.replace(rb"\\", _PAIR))
    unquoted = text.replace(rb"\"", _PAIR)
    parts, begin, quotes = [], 0, 0
    for integer in _LONG_INTEGER.finditer(text):
        start, end = integer.span()
        quotes += unquoted.count(b'"', begin, start)
        parts += [text[begin:start], text[start:end] if quotes % 2 else b"1e999"]
        begin = end
    return b"".join([*parts, text[begin:]]).replace(_PAIR, rb"\\")
