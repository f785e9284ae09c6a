"""What `verify` found, as plain data."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from service.domain.timestamps import EPOCH

FINDINGS_KEPT = 100_000
"""Findings that a report holds, at most; its counts stay true."""


class Kind(StrEnum):
    """In what way something is not as it must be."""

    LOST = "lost"
    """It must be there, and is not."""
    TWICE = "twice"
    """It is there once too often: nothing asked for it, or the same id says other things."""
    OUT_OF_ORDER = "out_of_order"
    """An event came before another of its walk that must come first."""
    DIFFERENT = "different"
    """It is there, and not as it must be."""


class What(StrEnum):
    """What it is that is not as it must be."""

    SESSION = "session"
    INBOX = "inbox"
    EVENT = "event"
    DEAD_LETTER = "dead_letter"
    """The row of a dead letter."""
    DEAD_LETTER_MESSAGE = "dead_letter_message"
    """What the dead-letter topic holds of one."""
    HELD = "held"
    """Whether a session is held."""
    RECORD = "record"
    """Something on a topic of ours that is nothing of ours."""


class Reason(StrEnum):
    """Why something could not be checked."""

    START_OUT_OF_REACH = "start_out_of_reach"
    """Sessions: the topic does not hold their first commands any more, or never did."""
    ERASED = "erased"
    """Sessions of accounts that are gone."""
    ADOPTED = "adopted"
    """Sessions that upstream wrote before us."""
    PROGRESS_SET = "progress_set"
    """Sessions with commands that a person had skipped or read again."""
    INBOX_RETENTION = "inbox_past_retention"
    """Inbox entries of walks that ended so long ago that they may have been removed."""
    EVENT_RETENTION = "events_past_retention"
    """Events that their topic may have removed already."""
    LETTER_RETENTION = "dead_letters_past_retention"
    """Settled dead letters, or messages of the dead-letter topic, that may have been removed already."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands."""

    topic: str
    partition: int
    offset: int | None
    """None: nowhere yet, it is owed, or it is missing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be. Never holds text of a command or an event."""

    kind: Kind
    what: What
    text: str
    """In words."""
    session_id: str | None = None
    event_id: str | None = None
    event_type: str | None = None
    dead_letter_id: str | None = None
    command_source: str | None = None
    command_id: str | None = None
    command: Place | None = None
    """Where the command stands that it comes from."""
    place: Place | None = None
    """Where it was found; for an event that is lost, its topic."""
    fields: tuple[str, ...] = ()
    """Columns of a row, or members of an event, that differ."""


@dataclass(frozen=True, slots=True)
class PartitionReach:
    """How much of a partition of the commands topic could be decided anew."""

    partition: int
    begin: int
    """The oldest offset that the topic holds."""
    next_offset: int | None
    """Where the worker stands."""
    folded: int
    """Commands decided anew."""
    whole: bool
    """Whether that is all that ever was in it."""


@dataclass(slots=True)
class Report:
    """All that a run of `verify` tells."""

    topic: str
    """The commands topic."""
    at: datetime = EPOCH
    """The database's clock when it was looked at."""
    seconds: float = 0.0
    partitions: Sequence[PartitionReach] = ()
    outcomes: Counter[str] = field(default_factory=Counter)
    """What became of the commands, as decided anew."""
    sessions: int = 0
    """Rows compared, as are the next four."""
    inbox: int = 0
    events: int = 0
    dead_letters: int = 0
    again: int = 0
    """Messages that came again, with the same id and the same bytes: allowed."""
    owed: int = 0
    """Messages of the outbox, not published yet."""
    not_checkable: Counter[Reason] = field(default_factory=Counter)
    differences: Counter[Kind] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    @property
    def commands(self) -> int:
        """Commands decided anew."""
        return sum(partition.folded for partition in self.partitions)

    @property
    def clean(self) -> bool:
        """Whether nothing that could be checked is otherwise than it must be."""
        return not self.differences.total()

    def add(self, finding: Finding) -> None:
        """Count a finding, and keep it while there is room."""
        self.differences[finding.kind] += 1
        if len(self.findings) < FINDINGS_KEPT:
            self.findings.append(finding)
