"""What must stand in the database and on the topics once some traffic has been handled."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

Fields = dict[str, object]
"""Expected values by name; the names are those of `views.session_view` and `views.event_view`."""


class Record(NamedTuple):
    """One record for the topic of the commands."""

    key: bytes | None
    value: bytes | None


class Rejection(NamedTuple):
    """One command-rejected event; `fields` are those that the errors of an invalid command name."""

    session_id: str
    command_id: str
    reason: str
    fields: tuple[str, ...] = ()


class DeadLetter(NamedTuple):
    """One record of the dead-letter topic, with the class its header must have."""

    key: bytes | None
    value: bytes | None
    error_class: str


@dataclass
class Expected:
    """The end that some traffic must come to.

    `sessions` by session id; `events` by type and session id, in the order of their versions (rejections are
    apart); `totals` by event type, where nothing is said of each; `outcomes` counts what becomes of the
    records: accepted, duplicate, rejected, dead_lettered.
    """

    sessions: dict[str, Fields] = field(default_factory=dict)
    events: dict[tuple[str, str], list[Fields]] = field(default_factory=lambda: defaultdict(list))
    rejections: Counter[Rejection] = field(default_factory=Counter)
    dead_letters: Counter[DeadLetter] = field(default_factory=Counter)
    totals: dict[str, int] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Traffic:
    """Records in the order in which they are sent, and what must come of them."""

    records: list[Record]
    expected: Expected
