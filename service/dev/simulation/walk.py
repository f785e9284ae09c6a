"""One session as its sender means it: the commands it sends, with what must come of each in its books."""

import random
from datetime import datetime
from typing import NamedTuple

from service.dev.simulation.books import Books
from service.dev.simulation.expected import Expected, Fields, Record
from service.dev.simulation.people import Technician, Ticket, draw_uuid
from service.dev.simulation.wire import Outgoing, command, later

_SENT_TWICE_AT_ONCE = 0.03
_SENT_TWICE_MUCH_LATER = 0.015
_TRACED = 0.3
_SAYS_VERSION = 0.25


class Run(NamedTuple):
    """What all walks of one simulation share."""

    rng: random.Random
    out: Outgoing
    expected: Expected


class Walk:
    """A session that sends its commands by itself.

    `clock` is the sender's; `technician` whoever holds the walk now. Nothing here decides: every method is
    called where its command must be accepted, or, for `refused` and `malformed`, where it must not.
    """

    def __init__(self, run: Run, ticket: Ticket, by: Technician, at: datetime) -> None:
        self.rng = run.rng
        self.out = run.out
        self.ticket = ticket
        self.technician = by
        self.clock = at
        self.id = draw_uuid(run.rng)
        self.kind = "adhoc"
        self.stands_at: str | None = None
        """The node that the next step must answer; None where any may come."""
        self.last = (by.source, "")
        """Source and id of the last command that was accepted: its identity."""
        self.books = Books(run.expected, self.id, ticket)

    @property
    def is_open(self) -> bool:
        """Whether the walk has begun and not ended."""
        return self.books.row.get("status") == "active"

    def wait(self, low: float, high: float) -> None:
        """Let some seconds pass, between `low` and `high`."""
        self.clock = later(self.clock, self.rng.uniform(low, high))

    def start(self, kind: str, target: str | None, first: str | None, corrects: str | None = None) -> None:
        """Begin a walk of `kind`; `target` is the flow or proposal, `first` the node where it stands.

        `corrects` is the id of a start that was refused as malformed: this one is sent under the same.
        """
        self._begin(kind)
        if kind in ("flow", "proposal"):
            self.books.row["flow_id" if kind == "flow" else "flow_proposal_id"] = target
        self._stand(first, first)
        line = self._accepted("start", self.start_data(), command_id=corrects)
        same = self._same_as_row("ticket_id", "ticket_kind", "session_kind", "flow_id", "flow_proposal_id")
        self.books.event(
            "started", line, self.clock, {**same, "started_at": self.clock, "start_node_id": first}
        )

    def start_data(self) -> Fields:
        """The data of this walk's start."""
        row = self.books.row
        return {
            "ticket": {"id": self.ticket.id, "kind": self.ticket.kind},
            "session_kind": self.kind,
            "flow_id": row["flow_id"],
            "flow_proposal_id": row["flow_proposal_id"],
            "start_node_id": row["current_node_id"],
        }

    def step(self, data: Fields, *, behind: float = 0) -> None:
        """Answer a question; `behind` is by how many seconds the sender's clock lags."""
        node_id, following = str(data["node_id"]), data.get("next_node_id")
        self.books.path.append(["step", node_id, str(data["answer"])])
        self._stand(str(following or node_id), str(following) if following else None)
        self._accepted("step", data, behind=behind)

    def rewind(self, node_id: str) -> None:
        """Go back to a node that was walked."""
        self.books.path.append(["rewind", node_id, None])
        self._stand(node_id, node_id)
        self._accepted("rewind", {"node_id": node_id})

    def note(self, text: str, node_id: str | None = None) -> None:
        """Add a remark."""
        self.books.notes.append(text)
        self._accepted("note", {"text": text, "node_id": node_id})

    def replace_notes(self, texts: list[str]) -> None:
        """Save the editor's notes, in place of all that were there."""
        self.books.notes[:] = texts
        self.books.traceless = True
        self._accepted("replace-notes", {"notes": [{"text": text} for text in texts]})

    def resolve(self, text: str, helpful: bool | None) -> None:
        """End it resolved."""
        said: Fields = {"resolution_notes": text, "helpful": helpful}
        line = self._accepted("resolve", said)
        self.books.row.update(said, resolved_at=self.clock)
        told: Fields = {**said, "summary": text, "customer_summary": text}
        self.books.ended("resolved", line, self.technician, told)
        self._validated(helpful, line)

    def escalate(self, reason: str, category: str | None) -> None:
        """Hand it to the next level."""
        self._escalated("escalate", reason, category, {})

    def escalate_without_walk(self, reason: str, category: str | None) -> None:
        """A session born escalated: ad hoc, with an empty path."""
        self._begin("adhoc")
        ticket = {"id": self.ticket.id, "kind": self.ticket.kind}
        self._escalated("escalate-without-walk", reason, category, {"ticket": ticket})

    def abandon(self, reason: str | None, idle_since: str | None = None) -> None:
        """Leave it without a resolution or a reason to escalate."""
        line = self._accepted("abandon", {"reason": reason, "idle_since": idle_since})
        self.books.ended("abandoned", line, self.technician, {"reason": reason})

    def feedback(self, helpful: bool) -> None:
        """Say whether it helped; what stands already changes nothing."""
        changes = self.books.row["helpful"] is not helpful
        line = self._accepted("feedback", {"helpful": helpful}, changes=changes)
        if changes:
            self.books.row["helpful"] = helpful
            self.books.event("feedback-recorded", line, self.clock, {"helpful": helpful})
            self._validated(helpful, line)

    def refused(self, reason: str, verb: str, data: Fields, *, command_id: str | None = None) -> None:
        """Send a well-formed command that a rule says no to, with the reason that must be given."""
        self.wait(0.5, 4)
        line = self.line(verb, data, command_id=command_id)
        self.out.send(self.clock, line)
        self.books.rejected(line, reason)

    def malformed(self, line: Fields, *fields: str, key: str | None = None, times: int = 1) -> None:
        """Send a command that breaks the contract; each time is a rejection, whose errors name `fields`."""
        for _ in range(times):
            self.wait(0.5, 3)
            self.out.send(self.clock, line, key)
            self.books.rejected(line, "invalid", *fields)

    def unreadable(self, value: bytes) -> None:
        """Send bytes that are no command; they must come out as a dead letter, as they are."""
        record = self.out.send_bytes(self.clock, value, self.id)
        self.books.dead_letter(record)

    def line(self, verb: str, data: Fields, *, command_id: str | None = None, behind: float = 0) -> Fields:
        """A command of the technician who holds the walk now."""
        sender: Fields = {
            "account_id": self.ticket.account_id,
            "user_id": self.technician.user_id,
            "acting_as": self.technician.acting_as,
        }
        return command(
            verb,
            command_id=command_id or draw_uuid(self.rng),
            session_id=self.id,
            source=self.technician.source,
            time=later(self.clock, -behind),
            data={**sender, **data},
            traceparent=self._traceparent(),
        )

    def _begin(self, kind: str) -> None:
        self.kind = kind
        self.books.began(kind, self.technician, self.clock)

    def _stand(self, node_id: str | None, awaited: str | None) -> None:
        self.books.row["current_node_id"] = node_id
        self.stands_at = awaited

    def _escalated(self, verb: str, reason: str, category: str | None, more: Fields) -> None:
        said: Fields = {"reason": reason, "reason_category": category}
        line = self._accepted(verb, {**said, **more})
        self.books.row.update(escalation_reason=reason, escalation_reason_category=category)
        self.books.ended("escalated", line, self.technician, {**said, "summary": reason})

    def _accepted(
        self,
        verb: str,
        data: Fields,
        *,
        behind: float = 0,
        changes: bool = True,
        command_id: str | None = None,
    ) -> Fields:
        if self.books.version and self.rng.random() < _SAYS_VERSION:
            data = {**data, "expected_version": self.books.version}
        line = self.line(verb, data, command_id=command_id, behind=behind)
        record = self.out.send(self.clock, line)
        self.books.outcome("accepted")
        if changes:
            self.books.moved(later(self.clock, -behind))
        self.last = (self.technician.source, str(line["id"]))
        if self.rng.random() < _SENT_TWICE_AT_ONCE:
            self._again(record, self.rng.uniform(0.1, 3))
        if self.rng.random() < _SENT_TWICE_MUCH_LATER:
            self._again(record, self.rng.uniform(600, 20_000))
        return line

    def _again(self, record: Record, seconds: float) -> None:
        self.out.send_again(later(self.clock, seconds), record)
        self.books.outcome("duplicate")

    def _same_as_row(self, *names: str) -> Fields:
        return {name: self.books.row[name] for name in names}

    def _validated(self, helpful: bool | None, line: Fields) -> None:
        if self.kind == "proposal" and helpful is not None:
            same = self._same_as_row("flow_proposal_id")
            self.books.event("proposal-validated", line, self.clock, {"helpful": helpful, **same})

    def _traceparent(self) -> str | None:
        if self.rng.random() >= _TRACED:
            return None
        return f"00-{self.rng.getrandbits(128) or 1:032x}-{self.rng.getrandbits(64) or 1:016x}-01"
