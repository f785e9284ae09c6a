"""Records of the commands topic for tests of the contracts; each is valid but for what a test changes."""

import json
from typing import Any

from l1_walk_contracts import Record, Verb

SESSION = "0b9d6f5e-3c1a-4d6e-8f57-2a9c4e1d7b30"
ACCOUNT = "5d0c7a52-9f0e-4a39-b1a7-6c2f8e4d9b11"
USER = "c7e1f3a8-64b2-4f0d-9a5c-1b8d2e7f6a43"
FLOW = "e2a4c6d8-1b3f-4c5e-8d7a-9f0b1c2d3e4f"
STAMP = 1_769_851_800_000
"""2026-01-31T09:30:00Z, in milliseconds."""
TICKET = {"id": "T1", "kind": "psa"}

MINIMAL: dict[Verb, dict[str, Any]] = {
    Verb.START: {"ticket": TICKET, "session_kind": "adhoc"},
    Verb.STEP: {"node_id": "n", "answer": "yes"},
    Verb.REWIND: {"node_id": "n"},
    Verb.NOTE: {"text": "t"},
    Verb.REPLACE_NOTES: {"notes": []},
    Verb.RESOLVE: {"resolution_notes": "r"},
    Verb.ESCALATE: {"reason": "r"},
    Verb.ESCALATE_WITHOUT_WALK: {"ticket": TICKET, "reason": "r"},
    Verb.ABANDON: {},
    Verb.FEEDBACK: {"helpful": True},
}
"""What each verb requires, beside who sends it."""


def data_of(verb: Verb, **fields: Any) -> dict[str, Any]:
    return {"account_id": ACCOUNT, "user_id": USER, **MINIMAL[verb], **fields}


def envelope_of(verb: Verb, data: Any = None, **attributes: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "command-1",
        "source": "/test",
        "type": verb.type,
        "subject": SESSION,
        "time": "2026-01-31T09:30:00Z",
        "data": data_of(verb) if data is None else data,
        **attributes,
    }


def record_of(envelope: dict[str, Any] | bytes, **parts: Any) -> Record:
    """The record of an envelope, or of these bytes, in structured mode."""
    value = envelope if isinstance(envelope, bytes) else json.dumps(envelope).encode()
    return Record(**{"key": SESSION.encode(), "value": value, "headers": (), "timestamp_ms": STAMP, **parts})


def binary_record(verb: Verb, data: bytes | None = None, **attributes: Any) -> Record:
    """The record of a command in binary mode; an attribute that is None is left out."""
    envelope = envelope_of(verb, **attributes)
    valid = json.dumps(envelope.pop("data")).encode()
    headers = [(f"ce_{name}", text.encode()) for name, text in envelope.items() if text is not None]
    return record_of(valid if data is None else data, headers=headers)
