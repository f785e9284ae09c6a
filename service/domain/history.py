"""A walk that ended, read once for all that tell of it: who did what, and when.

Paths and notes of any shape are borne: what an entry does not say is not told.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from l1_walk_contracts import AbandonData, EscalateData, ResolveData
from service.domain import timing
from service.domain.rules import Rules
from service.domain.session import Session
from service.domain.text import id_text

Last = ResolveData | EscalateData | AbandonData
"""What ends a walk."""


class History(NamedTuple):
    """How a walk went, seen from its end."""

    session: Session
    """As it ended."""
    last: Last
    """The command that ended it."""
    path_times: Sequence[datetime | None]
    """When each entry of the path was made, where it says so."""
    note_times: Sequence[datetime | None]
    people: dict[str, int]
    """The users who took part, numbered from 1 in the order of their appearance; the first started it."""
    duration_seconds: int
    active_seconds: int

    @property
    def ended_at(self) -> datetime:
        """The `last_step_at` that the walk ended with."""
        return self.session.last_step_at


def read_history(session: Session, last: Last, rules: Rules) -> History:
    """The history of a session that the command with this data has just ended."""
    people = {id_text(session.created_by_user_id): 1}
    path_times = _read(session.walked_path, people)
    note_times = _read(session.walk_notes, people)
    people.setdefault(id_text(last.user_id), len(people) + 1)
    started_at, ended_at = session.started_at, session.last_step_at
    return History(
        session,
        last,
        path_times,
        note_times,
        people,
        timing.duration_seconds(started_at, ended_at),
        timing.active_seconds(started_at, ended_at, (*path_times, *note_times), rules.active_gap),
    )


def _read(entries: Sequence[Any], people: dict[str, int]) -> list[datetime | None]:
    """The times of entries; who made them is added to `people`."""
    times: list[datetime | None] = []
    for entry in entries:
        if not isinstance(entry, dict):
            times.append(None)
            continue
        user = entry.get("user_id")
        if isinstance(user, str) and user not in people:
            people[user] = len(people) + 1
        times.append(timing.moment(entry.get("at")))
    return times
