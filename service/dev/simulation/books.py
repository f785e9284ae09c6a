"""The books of one walk: the row and the events that must be there once its commands have been handled."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from service.dev.simulation.expected import DeadLetter, Expected, Fields, Record, Rejection
from service.dev.simulation.people import Technician, Ticket

IDLE_GAP = timedelta(minutes=15)
"""A longer gap between two commands is not billed (design 7)."""


class Books:
    """What a sender means to have brought about: written down as it is sent, never worked out afterwards."""

    def __init__(self, expected: Expected, session_id: str, ticket: Ticket) -> None:
        self.row: Fields = {}
        self.path: list[list[str | None]] = []
        self.notes: list[str] = []
        self.version = 0
        self.traceless = False
        """Whether a moment of work left no entry in path or notes; its billed time is then not foretold."""
        self._expected = expected
        self._session_id = session_id
        self._ticket = ticket
        self._idle = timedelta(0)

    def began(self, kind: str, by: Technician, at: datetime) -> None:
        """The session is there from now on."""
        self._started_at = self._last_at = at
        self.row.update(
            account_id=self._ticket.account_id,
            created_by_user_id=by.user_id,
            acting_as=by.acting_as,
            ticket_id=self._ticket.id,
            ticket_kind=self._ticket.kind,
            session_kind=kind,
            flow_id=None,
            flow_proposal_id=None,
            current_node_id=None,
            path=self.path,
            note_texts=self.notes,
            status="active",
            resolution_notes=None,
            helpful=None,
            escalation_reason=None,
            escalation_reason_category=None,
            started_at=at,
            resolved_at=None,
        )
        self._expected.sessions[self._session_id] = self.row

    @property
    def last_at(self) -> datetime:
        """When the last thing happened, by the senders' clocks; never goes back."""
        return self._last_at

    def outcome(self, name: str) -> None:
        """Count what becomes of one record."""
        self._expected.outcomes[name] += 1

    def moved(self, at: datetime) -> None:
        """The session changed, at `at` by the sender's clock."""
        gap = at - self._last_at
        if gap > IDLE_GAP:
            self._idle += gap
        self.traceless = self.traceless or gap < timedelta(0)
        self._last_at = max(self._last_at, at)
        self.version += 1
        self.row.update(version=self.version, last_step_at=self._last_at)

    def rejected(self, line: Mapping[str, object], reason: str, *fields: str) -> None:
        """`line` must be told no, for `reason`; `fields` are those at fault."""
        self.outcome("rejected")
        rejection = Rejection(str(line["subject"]), str(line["id"]), reason, tuple(sorted(fields)))
        self._expected.rejections[rejection] += 1

    def dead_letter(self, record: Record) -> None:
        """`record` must be on the dead-letter topic as it is."""
        self.outcome("dead_lettered")
        self._expected.dead_letters[DeadLetter(record.key, record.value, "unreadable")] += 1

    def event(self, kind: str, line: Mapping[str, object], at: datetime, more: Fields) -> None:
        """An event of `kind` must come of `line`."""
        fields: Fields = {
            "key": self._ticket.key if kind in ("resolved", "escalated") else self._session_id,
            "time": at,
            "accountid": self._ticket.account_id,
            "sessionversion": self.version,
            "causationid": line["id"],
            "traceparent": line.get("traceparent"),
            **more,
        }
        self._expected.events[f"l1.walk.{kind}.v1", self._session_id].append(fields)

    def ended(self, kind: str, line: Mapping[str, object], by: Technician, more: Fields) -> None:
        """The walk is over; a terminal event tells the whole of it."""
        same = ("ticket_id", "ticket_kind", "session_kind", "flow_id", "flow_proposal_id", "started_at")
        duration = self._last_at - self._started_at
        fields: Fields = {
            **{name: self.row[name] for name in same},
            "created_by": self.row["created_by_user_id"],
            "user_id": by.user_id,
            "acting_as": by.acting_as,
            "ended_at": self._last_at,
            "duration_seconds": duration.total_seconds(),
            "path": self.path,
            "path_count": len(self.path),
            "note_texts": self.notes,
            "note_count": len(self.notes),
            **more,
        }
        if not self.traceless:
            fields["active_seconds"] = (duration - self._idle).total_seconds()
        self.row["status"] = kind
        self.event(kind, line, self._last_at, fields)
