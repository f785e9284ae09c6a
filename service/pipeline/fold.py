"""What a batch comes to: each command decided in order on what the ones before it left. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from l1_walk_contracts import (
    Command,
    DeadLetterClass,
    Event,
    EventKind,
    Invalid,
    Outcome,
    RejectionReason,
    Topics,
    Unreadable,
    Unsupported,
    encode_event,
)
from service.domain.handle import Handled, Received, handle
from service.domain.rules import Rules
from service.domain.session import Session
from service.pipeline.decode import Decoded, Failed
from service.pipeline.failure import locate
from service.pipeline.letters import account_id, dead_letter, letter_id, letter_message, parked_letter
from service.store.dead_letters import DeadLetter
from service.store.held import Hold
from service.store.inbox import InboxEntry, Key
from service.store.outbox import Message
from service.store.references import Reference

BY_TICKET = frozenset({EventKind.RESOLVED, EventKind.ESCALATED})
"""On their topics the ticket's hash says which partition; all others go where the command came from."""

NOT_RUN = "a command that settles a dead letter cannot be run as one: send it again"


@dataclass(slots=True)
class Known:
    """What the database says of all that a batch mentions."""

    sessions: Mapping[UUID, Session]
    seen: Mapping[Key, bytes]
    """Digests of commands that were handled before."""
    unknown: Collection[Reference]
    """References that are not known or gone."""
    gone: Collection[Reference]
    """Those that are gone."""
    held: Mapping[UUID, Hold] = field(default_factory=dict)
    """The sessions that are held."""


@dataclass(slots=True)
class Effects:
    """All that a batch writes and tells."""

    started: list[Session] = field(default_factory=list)
    changed: list[tuple[Session, Session]] = field(default_factory=list)
    inbox: list[InboxEntry] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    """What is put aside: faults, and what is parked behind them."""
    held: list[Hold] = field(default_factory=list)
    """Sessions to be held from here on."""
    results: list[tuple[Outcome, str]] = field(default_factory=list)
    """The outcome of each record, in order; with the reason of a rejection, the class of a dead letter."""

    @property
    def walks(self) -> int:
        """How many walks are written."""
        return len(self.started) + len(self.changed)

    @property
    def outcomes(self) -> Counter[tuple[Outcome, str]]:
        """How often each outcome came about."""
        return Counter(self.results)


class Fold:
    """Folds decoded records into `Effects`.

    Args:
        topics: where commands come from and events go.
        rules: the domain's settings.
    """

    def __init__(self, topics: Topics, rules: Rules) -> None:
        self._topics = topics
        self._rules = rules

    def __call__(self, decoded: Iterable[Decoded], known: Known) -> Effects:
        """Decide every record, none of them a `Settle`; those of one partition stand in the order of their offsets.

        Never raises for what a record holds: one that our own code fails on is put aside, alone.
        """
        folding = _Folding(self._topics, self._rules, known)
        for one in decoded:
            folding.take(one)
        return folding.effects()


class _Folding:
    """One run of the fold: what stands so far."""

    def __init__(self, topics: Topics, rules: Rules, known: Known) -> None:
        self._topics = topics
        self._rules = rules
        self._known = known
        self._sessions: dict[UUID, Session] = {}
        self._seen: dict[Key, bytes] = {}
        self._held = dict(known.held)
        self._effects = Effects()

    def take(self, one: Decoded) -> None:
        """Decide the next record."""
        message = one.message
        try:
            if isinstance(message, Command) and not self._held:
                result = self._handle(one, message)
            else:
                result = self._decide(one)
        except MemoryError:
            raise
        except Exception as error:
            result = self._put_aside(one, DeadLetterClass.FAILED, locate(error))
        self._effects.results.append(result)

    def effects(self) -> Effects:
        """What it all came to."""
        effects = self._effects
        for id_, session in self._sessions.items():
            before = self._known.sessions.get(id_)
            if before is None:
                effects.started.append(session)
            else:
                effects.changed.append((before, session))
        return effects

    def _decide(self, one: Decoded) -> tuple[Outcome, str]:
        message = one.message
        if isinstance(message, Command | Invalid):
            return self._park(one) if self._held and self._waits(one) else self._handle(one, message)
        if isinstance(message, Unreadable):
            return self._put_aside(one, DeadLetterClass.UNREADABLE, message.error)
        inner = message.message if isinstance(message, Failed) else message
        if self._names_gone_account(one) and isinstance(inner, Command | Invalid | Unsupported):
            return self._handle(one, inner)
        if self._waits(one):
            return self._park(one)
        if isinstance(message, Unsupported):
            return self._put_aside(one, DeadLetterClass.UNSUPPORTED, message.error)
        error = message.error if isinstance(message, Failed) else NOT_RUN
        return self._put_aside(one, DeadLetterClass.FAILED, error)

    def _handle(self, one: Decoded, message: Command | Invalid | Unsupported) -> tuple[Outcome, str]:
        id_ = one.session_id
        assert id_ is not None
        known, key = self._known, (id_, message.source, message.id)
        hold = self._held.get(id_) if self._held else None
        received = Received(
            message,
            one.record,
            self._topics.commands,
            one.partition,
            one.offset,
            one.digest,
            self._seen.get(key) or known.seen.get(key),
            [name for name, named in one.references if named in known.unknown] if known.unknown else (),
            bool(known.gone) and self._names_gone_account(one),
            None if hold is None else hold.partition,
        )
        session = self._sessions.get(id_) or known.sessions.get(id_)
        handled = handle(received, session, self._rules)
        messages = [self._message(one, number, event) for number, event in enumerate(handled.events)]
        # From here on nothing fails: a command has all of its effects, or none.
        if handled.outcome is Outcome.ACCEPTED and handled.session is not session:
            assert handled.session is not None
            self._sessions[id_] = handled.session
        if handled.remembered:
            self._seen[key] = one.digest
            self._effects.inbox.append(_entry(key, one, handled))
        if messages:
            self._effects.messages += messages
        return handled.outcome, handled.reason or ""

    def _waits(self, one: Decoded) -> bool:
        """Whether it stands behind a dead letter of its session; what is not that session's to wait for does not."""
        hold = self._held.get(one.session_id) if one.session_id is not None else None
        if hold is None or hold.partition != one.partition or self._names_gone_account(one):
            return False
        if hold.dead_letter_id == letter_id(self._topics.commands, one.partition, one.offset):
            return False  # read again: it is what the others wait behind
        return self._is_of_its_account(one, self._session(one))

    def _park(self, one: Decoded) -> tuple[Outcome, str]:
        assert one.session_id is not None
        behind = self._held[one.session_id].dead_letter_id
        self._effects.dead_letters.append(parked_letter(self._topics.commands, one, behind))
        return Outcome.PARKED, ""

    def _put_aside(self, one: Decoded, letter_class: DeadLetterClass, error: str) -> tuple[Outcome, str]:
        letter = dead_letter(self._topics.commands, one, letter_class, error)
        self._effects.dead_letters.append(letter)
        self._effects.messages.append(letter_message(letter, self._topics.dead_letter))
        if one.session_id is not None and one.session_id not in self._held and self._at_home(one):
            hold = Hold(one.session_id, letter.id, one.partition)
            self._held[one.session_id] = hold
            self._effects.held.append(hold)
        return Outcome.DEAD_LETTERED, letter_class

    def _at_home(self, one: Decoded) -> bool:
        """Whether it came from where its session lives, and of its account: what strayed, or is somebody else's, must
        not keep the others waiting."""
        session = self._session(one)
        if session is not None and session.home_partition not in (None, one.partition):
            return False
        return self._is_of_its_account(one, session)

    def _is_of_its_account(self, one: Decoded, session: Session | None) -> bool:
        """Whether it may be: where nobody can read whose it is, too."""
        return session is None or account_id(one.message) in (None, session.account_id)

    def _session(self, one: Decoded) -> Session | None:
        assert one.session_id is not None
        return self._sessions.get(one.session_id) or self._known.sessions.get(one.session_id)

    def _names_gone_account(self, one: Decoded) -> bool:
        gone = self._known.gone
        return bool(gone) and bool(one.references) and one.references[0][1] in gone

    def _message(self, one: Decoded, number: int, event: Event) -> Message:
        out = encode_event(event, self._topics)
        return Message(
            one.partition,
            one.offset,
            number,
            out.topic,
            None if event.kind in BY_TICKET else one.partition,
            out.key,
            out.headers,
            out.value,
            one.session_id,
            event.account_id,
        )


def _entry(key: Key, one: Decoded, handled: Handled) -> InboxEntry:
    reason: RejectionReason | None = handled.reason
    version = handled.session.version if handled.session is not None else None
    return InboxEntry(*key, one.digest, handled.outcome, reason, version, one.partition, one.offset)
