"""Prints of what is compared: numbers of 64 bits in the place of texts, the same within one process alone."""

import struct
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec

from service.domain.session import Session
from service.store.entries import read_entries
from service.store.outbox import Headers

COLUMNS = Session.__struct_fields__
"""The columns of `l1_walk_sessions` that commands decide, in the order in which a session holds them."""

_PATH, _NOTES = COLUMNS.index("walked_path"), COLUMNS.index("walk_notes")
_PACK = struct.Struct(f"{len(COLUMNS)}q")
_sorted = msgspec.json.Encoder(order="sorted").encode


def print_session(session: Session) -> bytes:
    """The prints of a session's columns, as `print_row` makes them of its row."""
    values = list(msgspec.structs.astuple(session))
    values[_PATH], values[_NOTES] = _sorted(values[_PATH]), _sorted(values[_NOTES])
    return _PACK.pack(*[hash(v.value) if isinstance(v, StrEnum) else hash(v) for v in values])


def print_row(row: Sequence[Any]) -> bytes:
    """The prints of a row's columns, in the order of `COLUMNS`, paths and notes as text."""
    values = list(row)
    values[_PATH], values[_NOTES] = (_sorted(read_entries(values[at])) for at in (_PATH, _NOTES))
    return _PACK.pack(*map(hash, values))


def differing(one: bytes, other: bytes) -> tuple[str, ...]:
    """The names of the columns whose prints differ."""
    if one == other:
        return ()
    pairs = zip(COLUMNS, _PACK.unpack(one), _PACK.unpack(other), strict=True)
    return tuple(name for name, left, right in pairs if left != right)


def print_message(key: bytes | None, headers: Headers, value: bytes | None) -> int:
    """The print of a message, whole."""
    return hash((key, tuple(map(tuple, headers)), value))
