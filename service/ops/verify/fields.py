"""In what two events differ: the names of their members, never what is in them."""

from typing import Any

import msgspec

_read = msgspec.json.Decoder().decode
MISSING = object()


def differing_members(due: bytes, found: bytes | None) -> tuple[str, ...]:
    """The members that differ, those of `data` as `data.NAME`; where none does, it is the key or a header."""
    try:
        wanted, got = _read(due), _read(found or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ("value",)
    if not isinstance(got, dict):
        return ("value",)
    names = [*_members(wanted, got, ""), *_members(wanted.get("data"), got.get("data"), "data.")]
    if names:
        return tuple(names)
    return ("key or headers",) if due == found else ("value",)


def _members(wanted: Any, got: Any, prefix: str) -> list[str]:
    if not isinstance(wanted, dict) or not isinstance(got, dict):
        return []
    return [
        f"{prefix}{name}"
        for name in sorted(wanted.keys() | got.keys())
        if wanted.get(name, MISSING) != got.get(name, MISSING)
        and not (name == "data" and isinstance(wanted.get(name), dict) and isinstance(got.get(name), dict))
    ]
