"""Commands as lines of text, one CloudEvent a line in structured mode: what `walk send` reads."""

import json
import time
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from l1_walk_contracts import (
    COMMAND_DATA,
    Command,
    Invalid,
    Record,
    Settle,
    SettleVerb,
    Unreadable,
    Unsupported,
    Verb,
    decode_command,
)

CONTENT_TYPE = ("content-type", b"application/cloudevents+json")
"""The header of what is sent, as for any CloudEvent in structured mode."""
_MOST_NAMES = 3
_LONGEST_NAME = 60


class Line(NamedTuple):
    """A line that is to be sent."""

    number: int
    """From 1, blank lines counted."""
    key: bytes | None
    """The session id, where the line names one."""
    value: bytes


class LineError(Exception):
    """A line is no command that the contracts know; the text names its number and what is wrong."""


def numbered(lines: Iterable[bytes], start: int = 1) -> Iterator[Line]:
    """The lines that are not blank, each with its number and the key it is to have."""
    for number, text in enumerate(lines, start):
        if value := text.strip():
            yield Line(number, _subject(value), value)


def check(line: Line) -> None:
    """Make sure that the worker will be able to read this line.

    Raises:
        LineError: it will not; every field that is wrong is named.
    """
    match decode_command(Record(line.key, line.value, [CONTENT_TYPE], int(time.time() * 1000))):
        case Command():
            return
        case Invalid(verb=verb, errors=errors, raw_data=raw):
            wrong = "; ".join(f"{error.field}: {error.message}" for error in errors) + _unknown(verb, raw)
        case Settle(verb=verb):
            wrong = f"it settles a dead letter: use walk dead-letters {verb}"
        case Unsupported(type=name):
            wrong = f"type: {name} is no command that the contracts know"
        case Unreadable(error=error):
            wrong = f"{error} (a line is one CloudEvent, as JSON)" if error.startswith("no JSON") else error
    raise LineError(f"line {line.number}: {wrong}")


def _unknown(verb: Verb | SettleVerb, raw: Any) -> str:
    """Fields of `data` that the verb does not have, which are let pass: one of them may be another's name misspelt."""
    if not isinstance(verb, Verb) or not isinstance(raw, dict):
        return ""
    names = [name for name in raw if name not in COMMAND_DATA[verb].model_fields]
    if not names:
        return ""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    listed = ", ".join(json.dumps(_cut(name), ensure_ascii=False) for name in names[:_MOST_NAMES])
    return f" ({verb} has no {listed}{more})"


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"


def _subject(value: bytes) -> bytes | None:
    try:
        found: Any = _decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    subject = found.get("subject") if isinstance(found, dict) else None
    return subject.encode() if isinstance(subject, str) else None


_decode = msgspec.json.Decoder().decode
