"""From an event to the record that carries it (design 3, 4, 7)."""

from itertools import chain
from typing import Any, Final

from pydantic_core import to_json

from .envelope import CONTENT_TYPE, JSON, STRUCTURED
from .events import EscalatedData, Event, EventData, Note, PathEntry, ResolvedData, TerminalData, WalkData
from .limits import EVENT_BYTES
from .records import OutRecord
from .topics import Topics
from .truncate import fit
from .vocabulary import EventKind

STRUCTURED_HEADER: Final = (CONTENT_TYPE, STRUCTURED)

_TYPES: Final = {kind: kind.type for kind in EventKind}
_PSA: Final = (ResolvedData, EscalatedData)
_ENTRIES: Final = {"walked_path": tuple(PathEntry.__annotations__), "walk_notes": tuple(Note.__annotations__)}
_MANY: Final = 100


def encode_event(event: Event, topics: Topics) -> OutRecord:
    """The record of an event, in structured mode, of at most 64 KiB (see `fit` of truncate.py).

    The same event has always the same bytes: absent fields are left out, and the keys of path entries and
    notes are put in order, since a database does not keep theirs.
    """
    data = _members(event.data)
    is_large = isinstance(event.data, TerminalData) and _is_large(event.data)
    envelope = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": _TYPES[event.kind],
        "subject": event.session_id,
        "time": event.time,
        "datacontenttype": JSON,
        "causationid": event.causation_id,
    }
    if event.account_id is not None:
        envelope["accountid"] = event.account_id
    if event.session_version is not None:
        envelope["sessionversion"] = event.session_version
    if event.traceparent is not None:
        envelope["traceparent"] = event.traceparent
    envelope["data"] = data
    value = b"" if is_large else _json(envelope)
    if is_large or len(value) > EVENT_BYTES:
        fit(envelope)
        value = _json(envelope)
    return OutRecord(topics.for_event(event.kind), _key(event).encode(), value, [STRUCTURED_HEADER])


def _members(data: EventData) -> dict[str, Any]:
    members = {name: value for name, value in data.__dict__.items() if value is not None}
    if isinstance(data, WalkData):
        # As plain text: the serializer takes 2.5 us to find out what a dataclass and an enum are.
        members["ticket"] = {"id": data.ticket.id, "kind": data.ticket.kind.value}
        members["session_kind"] = data.session_kind.value
    return members


def _is_large(data: TerminalData) -> bool:
    """Whether the texts of many entries alone are too much: told in a fraction of the time that writing them takes."""
    if len(data.walked_path) + len(data.walk_notes) < _MANY:
        return False
    room = EVENT_BYTES
    for entry in chain(data.walked_path, data.walk_notes):
        if isinstance(entry, dict):
            room -= sum(len(text) for text in entry.values() if isinstance(text, str))
            if room < 0:
                return True
    return False


def _json(envelope: dict[str, Any]) -> bytes:
    data = envelope["data"]
    for name, keys in _ENTRIES.items():
        if name in data:
            data[name] = [_ordered(entry, keys) for entry in data[name]]
    return to_json(envelope)


def _key(event: Event) -> str:
    """On the PSA topics the ticket, so that all its walks reach the same connector; else the session id."""
    data = event.data
    if isinstance(data, _PSA):
        return f"{data.account_id}/{data.ticket.kind}/{data.ticket.id}"
    return event.session_id


def _ordered(entry: Any, keys: tuple[str, ...]) -> Any:
    """The entry with the contract's keys first, in the contract's order, then all others by name."""
    if not isinstance(entry, dict):
        return entry
    known = {key: entry[key] for key in keys if key in entry}
    if len(known) == len(entry):
        return known
    return known | {key: entry[key] for key in sorted(entry.keys() - known.keys())}
