"""What a path tells of where a walk stands, and how large it may get (design 5).

Entries may have any shape: upstream wrote rows before us.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from l1_walk_contracts import PathEntryKind, RewindData, StepData
from service.domain.session import Session
from service.domain.text import id_text, timestamp

_STEP: Final = PathEntryKind.STEP.value
_REWIND: Final = PathEntryKind.REWIND.value

_encode = msgspec.json.Encoder().encode


def awaited_node(session: Session) -> str | None:
    """The node that a step must answer; None where any may come.

    The walk stands at `current_node_id`. That binds before the first step, after a rewind, and after a step
    that named its next node; an entry that does not say so, of whatever shape, binds nobody.
    """
    if not session.walked_path:
        return session.current_node_id
    last = session.walked_path[-1]
    if is_rewind(last) or (isinstance(last, dict) and last.get("next_node_id")):
        return session.current_node_id
    return None


def was_walked(session: Session, node_id: str) -> bool:
    """Whether the path has an entry of that node."""
    return any(isinstance(entry, dict) and entry.get("node_id") == node_id for entry in session.walked_path)


def is_rewind(entry: object) -> bool:
    """Whether an entry records a rewind; any other is taken for a step."""
    return isinstance(entry, dict) and entry.get("kind") == _REWIND


def json_bytes(entries: Sequence[Any]) -> int:
    """How large a path or notes are as compact JSON in UTF-8; 0.13 us an entry, less than an estimate costs."""
    return len(_encode(entries))


def step_entry(data: StepData, at: datetime) -> dict[str, str]:
    """The `PathEntry` of a step, absent fields left out."""
    entry = {"node_id": data.node_id}
    if data.question is not None:
        entry["question"] = data.question
    entry["answer"] = data.answer
    if data.answer_label is not None:
        entry["answer_label"] = data.answer_label
    if data.note is not None:
        entry["note"] = data.note
    if data.next_node_id is not None:
        entry["next_node_id"] = data.next_node_id
    return _signed(entry, data, at, _STEP)


def rewind_entry(data: RewindData, at: datetime) -> dict[str, str]:
    """The `PathEntry` of a rewind."""
    return _signed({"node_id": data.node_id}, data, at, _REWIND)


def note_entry(text: str, node_id: str | None, user_id: str, at: datetime) -> dict[str, str]:
    """The `Note` of a remark, absent fields left out."""
    entry = {"text": text}
    if node_id is not None:
        entry["node_id"] = node_id
    entry["user_id"] = user_id
    entry["at"] = timestamp(at)
    return entry


def _signed(entry: dict[str, str], data: StepData | RewindData, at: datetime, kind: str) -> dict[str, str]:
    entry["user_id"] = id_text(data.user_id)
    if data.acting_as is not None:
        entry["acting_as"] = data.acting_as
    entry["at"] = timestamp(at)
    entry["kind"] = kind
    return entry
