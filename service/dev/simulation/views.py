"""Rows and events as flat fields, under the names in which expectations are told."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from service.dev.simulation.expected import Fields

_TIMES = ("started_at", "ended_at")
_ENVELOPE = ("accountid", "sessionversion", "causationid", "traceparent")


def session_view(row: Mapping[str, Any]) -> Fields:
    """A row of `l1_walk_sessions`, its JSON columns decoded; UUIDs become text.

    Beside the columns: `path` ([kind, node, answer] each), `nodes` (of steps), `note_texts`, `notes` (count).
    """
    columns = {
        name: str(value) if isinstance(value, UUID) else value
        for name, value in row.items()
        if name not in ("walked_path", "walk_notes")
    }
    return {**columns, **_lists(row["walked_path"], row["walk_notes"])}


def event_view(event: Mapping[str, Any], key: bytes | None) -> Fields:
    """An event as parsed from JSON: `key`, `time`, the extensions, and what its `data` says.

    `path`, `nodes`, `note_texts` as in a row; absent where the event says that it cut them.
    """
    data = dict(event["data"])
    ticket = data.pop("ticket", None) or {}
    lists = _lists(data.pop("walked_path", ()), data.pop("walk_notes", ()))
    cut = data.get("truncated") or ()
    for name, shown in (("walked_path", ("path", "nodes")), ("walk_notes", ("note_texts", "notes"))):
        if name in cut:
            for one in shown:
                del lists[one]
    if "summary" in cut:
        data.pop("summary", None)
    return {
        **data,
        **{name: parse_time(data[name]) for name in _TIMES if name in data},
        **lists,
        "key": None if key is None else key.decode(errors="replace"),
        "time": parse_time(event["time"]),
        **{name: event.get(name) for name in _ENVELOPE},
        **{f"ticket_{name}": ticket.get(name) for name in ("id", "kind")},
    }


def parse_event(value: bytes | None) -> dict[str, Any]:
    """A CloudEvent 1.0 in structured mode.

    Raises:
        ValueError: it is none; the text says why.
    """
    event = json.loads(value or b"")
    if not isinstance(event, dict) or event.get("specversion") != "1.0":
        raise ValueError("no CloudEvent 1.0")
    if not all(isinstance(event.get(name), str) for name in ("id", "source", "type", "subject", "time")):
        raise ValueError("id, source, type, subject or time is missing")
    if not isinstance(event.get("data"), dict):
        raise ValueError("its data is no object")
    return event


def parse_time(text: str) -> datetime:
    """An RFC 3339 timestamp."""
    return datetime.fromisoformat(text)


def _lists(path: Sequence[Any], notes: Sequence[Any]) -> Fields:
    entries = [[entry.get("kind", "step"), entry.get("node_id"), entry.get("answer")] for entry in path]
    return {
        "path": entries,
        "nodes": [node_id for kind, node_id, _ in entries if kind == "step"],
        "note_texts": [note.get("text") for note in notes],
        "notes": len(notes),
    }
