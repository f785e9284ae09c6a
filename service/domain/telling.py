"""The steps and notes of a walk, each told in a few lines; entries of any shape are borne."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from service.domain.history import History
from service.domain.path import is_rewind
from service.domain.text import minute, one_line, paragraph


def steps(walk: History) -> Iterator[str]:
    """Each step numbered, with its question, answer and remark; each rewind where it happened."""
    number = 0
    walked: dict[str, str] = {}
    first_day = minute(walk.session.started_at)[:10]
    for entry, at in zip(walk.session.walked_path, walk.path_times, strict=True):
        mark = _mark(walk, entry, at, first_day)
        if is_rewind(entry):
            node = one_line(entry.get("node_id")) or "an earlier step"
            yield f"   {mark}Went back to {walked.get(node, node)}"
            continue
        number += 1
        if isinstance(entry, dict):
            question, lines = _question_and_answer(entry)
            walked[one_line(entry.get("node_id"))] = f"step {number}: {question}"
            yield f"{number}. {mark}{question}{lines}"
        else:
            yield f"{number}. {mark}{_as_recorded(entry)}"


def notes(walk: History) -> Iterator[str]:
    """Each note with its time."""
    first_day = minute(walk.session.started_at)[:10]
    for note, at in zip(walk.session.walk_notes, walk.note_times, strict=True):
        text = paragraph(note.get("text") if isinstance(note, dict) else note, "  ")
        yield f"- {_mark(walk, note, at, first_day)}{text or _as_recorded(note)}"


def _question_and_answer(entry: dict[str, Any]) -> tuple[str, str]:
    get = entry.get
    question = one_line(get("question")) or one_line(get("node_id"))
    answer, label, note = one_line(get("answer")), one_line(get("answer_label")), get("note")
    if not (question or answer or label):
        return _as_recorded(entry), ""
    if not answer or answer.casefold() == label.casefold():
        answer = label
    elif label:
        answer = f"{answer} ({label})"
    lines = f"\n   -> {answer or '(no answer recorded)'}"
    if note is not None and (remark := paragraph(note, "   ")):
        lines += f"\n   Note: {remark}"
    return question or "(no question recorded)", lines


def _as_recorded(entry: object) -> str:
    return (one_line(entry) if entry else "") or "(nothing recorded)"


def _mark(walk: History, entry: object, at: datetime | None, first_day: str) -> str:
    """`[09:15] `; with its date if not of the first day, with who it was if not who started the walk."""
    mark = ""
    if at is not None:
        mark = minute(at)
        if mark.startswith(first_day):
            mark = mark[11:]
    if len(walk.people) > 1 and isinstance(entry, dict):
        user = entry.get("user_id")
        number = walk.people.get(user, 1) if isinstance(user, str) else 1
        if number > 1:
            mark = f"{mark}, technician {number}" if mark else f"technician {number}"
    return f"[{mark}] " if mark else ""
