"""A worker in memory: the same decisions as the real one, on topics that are lists."""

import time
from collections import Counter, defaultdict
from typing import NamedTuple
from uuid import UUID

from l1_walk_contracts import limits
from l1_walk_contracts.consume import decode_event
from l1_walk_contracts.events import Event
from l1_walk_contracts.records import OutRecord, Record, Settle
from l1_walk_contracts.topics import Topics
from l1_walk_contracts.vocabulary import Outcome, RejectionReason

try:
    from service.domain.rules import Rules
    from service.domain.session import Session
    from service.pipeline.decode import Decoded, decode_record
    from service.pipeline.fold import Effects, Fold, Known
    from service.store.dead_letters import PARKED, DeadLetter
    from service.store.held import Hold
    from service.store.inbox import Key
    from service.store.references import Reference, reference
except ImportError as error:
    raise ImportError(
        "FakeWorker decides by the worker's own rules, which are not installed: "
        "pip install 'l1-walk-contracts[testing]', or pip install ./contracts . in a clone of the worker"
    ) from error


class Handled(NamedTuple):
    """What became of a command."""

    outcome: Outcome
    reason: RejectionReason | None
    """Why it was rejected."""
    events: tuple[Event, ...]
    """What was told of it, in order; for a rejection the one `command-rejected`."""


class FakeWorker:
    """Takes commands and tells events as the worker does, with the same ids and bytes, at once.

    What it has not: idle walks are not abandoned, nothing is forgotten with its retention, and dead letters are not
    redriven or discarded.

    Args:
        topics: the names of the topics.
        require_references: whether ids that `tell` has not told of are rejected (`WALK_REFERENCES=require`).
        event_source: `source` of every event (`WALK_EVENT_SOURCE`).
        path_limit: the most steps that a walk may have (`WALK_PATH_LIMIT`).
    """

    def __init__(
        self,
        topics: Topics = Topics(),  # noqa: B008 - frozen
        *,
        require_references: bool = False,
        event_source: str = "/l1-walk-worker",
        path_limit: int = limits.PATH_ENTRIES,
    ) -> None:
        self.topics = topics
        self.records: dict[str, list[Record]] = defaultdict(list)
        """What stands on each topic, in order, by the topic's name; the commands too."""
        self._fold = Fold(topics, Rules(event_source=event_source, path_limit=path_limit))
        self._ends: Counter[int] = Counter()
        """How many commands each partition holds."""
        self._requires = require_references
        self._sessions: dict[UUID, Session] = {}
        self._seen: dict[Key, bytes] = {}
        self._held: dict[UUID, Hold] = {}
        self._references: dict[Reference, bool] = {}
        """Each id that was told of, and whether it is gone."""
        self._letters: list[DeadLetter] = []

    def send(
        self, record: OutRecord | Record, *, timestamp_ms: int | None = None, partition: int = 0
    ) -> Handled:
        """Put a record on the commands topic and handle it.

        Args:
            record: any bytes whatever.
            timestamp_ms: when Kafka took it; None: now.
            partition: where it came from: a walk lives where its first command came from, and what comes from
                another is rejected, as of a producer with another partitioner.

        Raises:
            ValueError: it settles a dead letter.
        """
        stamp = round(time.time() * 1000) if timestamp_ms is None else timestamp_ms
        received = Record(record.key, record.value, tuple(record.headers), stamp)
        one = decode_record(partition, self._ends[partition], received)
        if isinstance(one.message, Settle):
            raise ValueError("a fake worker settles no dead letters")
        self._ends[partition] += 1
        self.records[self.topics.commands].append(received)
        effects = self._fold([one], self._known(one))
        self._keep(effects)
        [(outcome, reason)] = effects.results
        events = tuple(
            decode_event(Record(m.key, m.value, m.headers, stamp))
            for m in effects.messages
            if m.topic != self.topics.dead_letter
        )
        for message in effects.messages:
            self.records[message.topic].append(Record(message.key, message.value, message.headers, stamp))
        return Handled(outcome, RejectionReason(reason) if outcome is Outcome.REJECTED else None, events)

    @property
    def events(self) -> list[Event]:
        """All that was told, topic by topic in order: resolved, escalated, lifecycle, rejected."""
        names = (self.topics.resolved, self.topics.escalated, self.topics.lifecycle, self.topics.rejected)
        return [decode_event(record) for name in names for record in self.records[name]]

    @property
    def dead_letters(self) -> list[DeadLetter]:
        """What could not be handled; what is parked behind it is not among them."""
        return [letter for letter in self._letters if letter.letter_class != PARKED]

    def session(self, session_id: UUID | str) -> Session | None:
        """A walk as it stands; None where there is none."""
        return self._sessions.get(UUID(str(session_id)))

    def tell(self, kind: str, id_: UUID, *, gone: bool = False) -> None:
        """Say on the references topic that an `account`, `user`, `flow` or `proposal` exists, or is gone.

        A gone account takes all that is its own with it; its commands are `unknown_reference` until it is back.
        """
        self._references[reference(kind, id_)] = gone
        if gone and kind == "account":
            self._erase(id_)

    def _known(self, one: Decoded) -> Known:
        mentioned = {named for _, named in one.references}
        gone = {named for named in mentioned if self._references.get(named)}
        missing = mentioned - self._references.keys() if self._requires else set()
        return Known(self._sessions, self._seen, missing | gone, gone, self._held)

    def _keep(self, effects: Effects) -> None:
        self._sessions |= {session.id: session for session in effects.started}
        self._sessions |= {after.id: after for _, after in effects.changed}
        for entry in effects.inbox:
            self._seen[entry.session_id, entry.source, entry.command_id] = entry.digest
        self._held |= {hold.session_id: hold for hold in effects.held}
        self._letters += effects.dead_letters

    def _erase(self, account_id: UUID) -> None:
        theirs = {id_ for id_, session in self._sessions.items() if session.account_id == account_id}
        self._letters = [letter for letter in self._letters if letter.account_id != account_id]
        kept = {letter.id for letter in self._letters}
        self._sessions = {id_: one for id_, one in self._sessions.items() if id_ not in theirs}
        self._seen = {key: digest for key, digest in self._seen.items() if key[0] not in theirs}
        self._held = {id_: hold for id_, hold in self._held.items() if hold.dead_letter_id in kept}
