"""Given commands and what must come of them, from files, in the place of simulated ones.

The commands are CloudEvents, one a line; the expectations one JSON object:
`{"commands": N, "sessions": {ID: row}, "events": {TYPE: COUNT}}`. A row names any of the fields of
`views.session_view`, times as RFC 3339. Each command is taken to be accepted and to change its walk.
"""

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from service.dev.simulation.expected import Expected, Fields, Record, Traffic
from service.dev.simulation.views import parse_time

_TIMES = ("started_at", "last_step_at", "resolved_at")
_TERMINAL = ("resolved", "escalated", "abandoned")


class ReplayError(Exception):
    """A file is not there or not what it should be; the text is one line that says which and where."""


def load(commands: Path, expected: Path) -> Traffic:
    """Read both files.

    Raises:
        ReplayError: one cannot be read, or they do not fit each other.
    """
    texts = _text(commands).rstrip("\n").split("\n")
    lines = [_json(text, f"{commands}, line {number}") for number, text in enumerate(texts, 1)]
    told = _json(_text(expected), str(expected))
    try:
        records = [
            Record(line["subject"].encode(), text.encode()) for line, text in zip(lines, texts, strict=True)
        ]
        return Traffic(records, _expected(lines, told))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ReplayError(f"{commands} and {expected} do not fit each other: {error!r}") from error


def _expected(lines: list[dict[str, Any]], told: dict[str, Any]) -> Expected:
    if told["commands"] != len(lines):
        raise ValueError(f"{len(lines)} commands, {told['commands']} expected")
    expected = Expected(totals=dict(told["events"]))
    distinct = {(line["subject"], line["source"], line["id"]): line for line in lines}
    versions = Counter(session_id for session_id, _, _ in distinct)
    first = {line["subject"]: line for line in reversed(lines)}
    for session_id, fields in told["sessions"].items():
        _expect(expected, first[session_id], {**_row(fields), "version": versions[session_id]})
    expected.outcomes.update(accepted=len(distinct), duplicate=len(lines) - len(distinct))
    return expected


def _expect(expected: Expected, first: dict[str, Any], row: Fields) -> None:
    session_id, data = first["subject"], first["data"]
    ticket = {"ticket_id": data["ticket"]["id"], "ticket_kind": data["ticket"]["kind"]}
    expected.sessions[session_id] = {**ticket, "account_id": data["account_id"], **row}
    if first["type"] == "l1.walk.start.v1":
        started: Fields = {**ticket, "key": session_id, "sessionversion": 1, "causationid": first["id"]}
        expected.events["l1.walk.started.v1", session_id].append(started)
    if row["status"] in _TERMINAL:
        key = "/".join((data["account_id"], data["ticket"]["kind"], data["ticket"]["id"]))
        told: Fields = {name: row[name] for name in ("nodes", "notes") if name in row}
        ended: Fields = {**ticket, **told, "key": session_id if row["status"] == "abandoned" else key}
        expected.events[f"l1.walk.{row['status']}.v1", session_id].append(ended)


def _row(fields: dict[str, Any]) -> Fields:
    times: dict[str, datetime | None] = {
        name: fields[name] and parse_time(fields[name]) for name in _TIMES if name in fields
    }
    return {**fields, **times}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReplayError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _json(text: str, where: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ReplayError(f"{where}: no JSON: {error}") from error
    if not isinstance(value, dict):
        raise ReplayError(f"{where}: no JSON object")
    return value
