"""The steps and notes of a walk, each told in a few lines; entries of any shape are borne.

Each is told when it is looked at: of the largest walks only the beginning and the end find room.
"""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, overload

from service.domain.history import History
from service.domain.path import is_rewind
from service.domain.text import minute, one_line, paragraph


class Told(Sequence[str]):
    """So many blocks of text, each made when it is first looked at."""

    def __init__(self, count: int) -> None:
        self._told: list[str | None] = [None] * count

    def __len__(self) -> int:
        return len(self._told)

    def __iter__(self) -> Iterator[str]:
        return map(self._block, range(len(self._told)))

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [*map(self._block, range(*index.indices(len(self))))]
        return self._block(index)

    def _block(self, index: int) -> str:
        block = self._told[index]
        if block is None:
            block = self._told[index] = self._tell(index)
        return block

    def all(self) -> list[str]:
        """Each of them, for once."""
        return [*map(self._tell, range(len(self._told)))]

    @abstractmethod
    def _tell(self, index: int) -> str: ...


class Steps(Told):
    """Each step numbered, with its question, answer and remark; each rewind where it happened."""

    def __init__(self, walk: History) -> None:
        super().__init__(len(walk.session.walked_path))
        self._walk = walk
        self._first_day = minute(walk.session.started_at)[:10]
        self._numbers: list[int] = []
        """Of each entry the steps up to it."""
        self._back_to: dict[int, int | None] = {}
        """Of each rewind the step that it goes back to."""
        walked: dict[str, int] = {}
        number = 0
        for at, entry in enumerate(walk.session.walked_path):
            if is_rewind(entry):
                node = one_line(entry.get("node_id"))
                self._back_to[at] = walked.get(node) if node else None
            else:
                number += 1
                if isinstance(entry, dict):
                    walked[one_line(entry.get("node_id"))] = at
            self._numbers.append(number)

    def _tell(self, index: int) -> str:
        walk, entry = self._walk, self._walk.session.walked_path[index]
        mark = _mark(walk, entry, walk.path_times[index], self._first_day)
        if index in self._back_to:
            return f"   {mark}Went back to {self._goal(self._back_to[index], entry)}"
        number = self._numbers[index]
        if isinstance(entry, dict):
            question, lines = _question_and_answer(entry)
            return f"{number}. {mark}{question}{lines}"
        return f"{number}. {mark}{_as_recorded(entry)}"

    def _goal(self, step: int | None, rewind: dict[str, Any]) -> str:
        if step is None:
            return one_line(rewind.get("node_id")) or "an earlier step"
        question, _ = _question_and_answer(self._walk.session.walked_path[step])
        return f"step {self._numbers[step]}: {question}"


class Notes(Told):
    """Each note with its time."""

    def __init__(self, walk: History) -> None:
        super().__init__(len(walk.session.walk_notes))
        self._walk = walk
        self._first_day = minute(walk.session.started_at)[:10]

    def _tell(self, index: int) -> str:
        walk, note = self._walk, self._walk.session.walk_notes[index]
        text = paragraph(note.get("text") if isinstance(note, dict) else note, "  ")
        mark = _mark(walk, note, walk.note_times[index], self._first_day)
        return f"- {mark}{text or _as_recorded(note)}"


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
