"""Valid commands and events, made up: the same for the same seed."""

import random
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from l1_walk_contracts.commands import CommandData, Ticket
from l1_walk_contracts.encode import encode_event
from l1_walk_contracts.events import (
    CommandRejectedData,
    Event,
    EventData,
    StartedData,
    TerminalData,
    WalkData,
)
from l1_walk_contracts.ids import rejection_id, walk_event_id
from l1_walk_contracts.publish import encode_command
from l1_walk_contracts.records import OutRecord, Record
from l1_walk_contracts.samples import COMMANDS, EVENTS
from l1_walk_contracts.topics import Topics
from l1_walk_contracts.vocabulary import EventKind, TicketKind, Verb
from l1_walk_contracts.walk_commands import WalkCommands

SOURCE: Final = "/testing"
BEGAN: Final = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
"""When the first thing that a factory makes happens; each that follows is a minute later."""


class Factory:
    """Makes what upstream sends and what connectors get.

    Args:
        seed: two factories of one seed make the same, in the same order.
        topics: where it is sent to.
    """

    def __init__(self, seed: int = 0, topics: Topics = Topics()) -> None:  # noqa: B008 - frozen
        self._random = random.Random(seed)  # noqa: S311 - nothing secret
        self._topics = topics
        self._now = BEGAN

    def uuid(self) -> UUID:
        """A new one, of version 4."""
        return UUID(int=self._random.getrandbits(128), version=4)

    def moment(self) -> datetime:
        """A minute after the one before."""
        self._now += timedelta(minutes=1)
        return self._now

    def ticket(self, kind: TicketKind = TicketKind.PSA) -> Ticket:
        """A ticket that no other walk is on."""
        return Ticket(f"T{self._random.randrange(10**9):09}", kind)

    def walk(self, **more: Any) -> WalkCommands:
        """The commands of a walk of some technician; `more` are fields of `WalkCommands`."""
        made: dict[str, Any] = {
            "account_id": self.uuid(),
            "user_id": self.uuid(),
            "session_id": self.uuid(),
            "source": SOURCE,
            "topics": self._topics,
            "now": self.moment,
            "new_id": lambda: str(self.uuid()),
        }
        return WalkCommands(**made | more)

    def resolved_walk(self, walk: WalkCommands | None = None) -> list[OutRecord]:
        """The commands of a whole walk, in order: started, two steps, a note, resolved."""
        walk = walk or self.walk()
        return [
            walk.start_flow(self.ticket(), self.uuid(), "link-light"),
            walk.step(
                "link-light", "no", question="Is the link light of the printer on?", next_node_id="cable"
            ),
            walk.step("cable", "loose", question="Does the cable sit tight?"),
            walk.note("The user calls back at ten."),
            walk.resolve("Plugged the network cable back in.", helpful=True),
        ]

    def escalated_walk(self, walk: WalkCommands | None = None) -> list[OutRecord]:
        """The same, escalated in the end."""
        walk = walk or self.walk()
        return [*self.resolved_walk(walk)[:-1], walk.escalate("The switch port is dead.", "hardware")]

    def data(self, verb: Verb, **changed: Any) -> CommandData:
        """The `data` of a command; raises pydantic's ValidationError for a field that breaks the contract."""
        sender = {"account_id": self.uuid(), "user_id": self.uuid()}
        sample = COMMANDS[verb]
        given = {name: getattr(sample, name) for name in sample.model_fields_set}
        return type(sample)(**given | sender | changed)

    def command(self, verb: Verb, *, session_id: UUID | None = None, **changed: Any) -> OutRecord:
        """A command by itself, of a walk that nobody has begun unless you say which."""
        return encode_command(
            self.data(verb, **changed),
            session_id=session_id or self.uuid(),
            source=SOURCE,
            id=str(self.uuid()),
            time=self.moment(),
            topics=self._topics,
        )

    def event(self, kind: EventKind, **changed: Any) -> Event:
        """An event of a walk of its own; `changed` are fields of its data.

        Raises:
            TypeError: the data of this kind has no such field.
        """
        session, sample = self.uuid(), EVENTS[kind]
        data = replace(sample.data, **self._own(sample.data, session) | changed)
        version = 1 if kind is EventKind.STARTED else self._random.randrange(2, 100)
        return replace(
            sample,
            id=self._event_id(kind, str(session), version),
            session_id=str(session),
            time=data.ended_at if isinstance(data, TerminalData) else self.moment(),
            account_id=data.account_id if isinstance(data, WalkData) else self.uuid(),
            session_version=version,
            causation_id=str(self.uuid()),
            data=data,
        )

    def event_record(self, kind: EventKind, **changed: Any) -> Record:
        """The same as a consumer gets it."""
        out = encode_event(self.event(kind, **changed), self._topics)
        return Record(out.key, out.value, out.headers, int(self._now.timestamp() * 1000))

    def _own(self, data: EventData, session: UUID) -> dict[str, Any]:
        if isinstance(data, CommandRejectedData):
            return {}
        there = {field.name for field in fields(data)}
        own: dict[str, Any] = {"session_id": session, "account_id": self.uuid(), "ticket": self.ticket()}
        technician, began = self.uuid(), self.moment()
        own |= {name: technician for name in ("created_by", "user_id") if name in there}
        if isinstance(data, StartedData | TerminalData):
            own["started_at"] = began
        if isinstance(data, TerminalData):
            own["ended_at"] = began + timedelta(seconds=data.duration_seconds)
        return own

    def _event_id(self, kind: EventKind, session: str, version: int) -> str:
        if kind is EventKind.COMMAND_REJECTED:
            return rejection_id(self._topics.commands, 0, self._random.randrange(10**6), session.encode())
        return walk_event_id(session, version, kind)
