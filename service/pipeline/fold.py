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
    encode_event,
)
from service.domain.handle import Handled, Received, handle
from service.domain.rules import Rules
from service.domain.session import Session
from service.pipeline.decode import Decoded
from service.pipeline.letters import dead_letter, letter_message
from service.store.dead_letters import DeadLetter
from service.store.inbox import InboxEntry, Key
from service.store.outbox import Message
from service.store.references import Reference

BY_TICKET = frozenset({EventKind.RESOLVED, EventKind.ESCALATED})
"""On their topics the ticket's hash says which partition; all others go where the command came from."""


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


@dataclass(slots=True)
class Effects:
    """All that a batch writes and tells."""

    started: list[Session] = field(default_factory=list)
    changed: list[tuple[Session, Session]] = field(default_factory=list)
    inbox: list[InboxEntry] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    outcomes: Counter[tuple[Outcome, str]] = field(default_factory=Counter)
    """How often each outcome came about; with the reason of a rejection, the class of a dead letter."""


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
        """Decide every record; those of one partition stand in the order of their offsets."""
        effects = Effects()
        sessions: dict[UUID, Session] = {}
        seen: dict[Key, bytes] = {}
        for one in decoded:
            message = one.message
            if isinstance(message, Command | Invalid):
                self._command(one, message, known, sessions, seen, effects)
            elif isinstance(message, Unreadable):
                self._unreadable(one, message, effects)
            else:
                raise TypeError("a record of an unsupported type stops its partition, it is not folded")
        for id_, session in sessions.items():
            before = known.sessions.get(id_)
            if before is None:
                effects.started.append(session)
            else:
                effects.changed.append((before, session))
        return effects

    def _command(
        self,
        one: Decoded,
        message: Command | Invalid,
        known: Known,
        sessions: dict[UUID, Session],
        seen: dict[Key, bytes],
        effects: Effects,
    ) -> None:
        id_ = one.session_id
        assert id_ is not None
        key = (id_, message.source, message.id)
        session = sessions.get(id_) or known.sessions.get(id_)
        received = Received(
            message,
            one.record,
            self._topics.commands,
            one.partition,
            one.offset,
            one.digest,
            seen.get(key) or known.seen.get(key),
            [name for name, named in one.references if named in known.unknown] if known.unknown else (),
            bool(known.gone) and _names_gone_account(one, known.gone),
        )
        handled = handle(received, session, self._rules)
        if handled.outcome is Outcome.ACCEPTED and handled.session is not session:
            assert handled.session is not None
            sessions[id_] = handled.session
        if handled.remembered:
            seen[key] = one.digest
            effects.inbox.append(_entry(key, one, handled))
        for number, event in enumerate(handled.events):
            effects.messages.append(self._message(one, number, event))
        effects.outcomes[handled.outcome, handled.reason or ""] += 1

    def _unreadable(self, one: Decoded, message: Unreadable, effects: Effects) -> None:
        letter = dead_letter(self._topics.commands, one, DeadLetterClass.UNREADABLE, message.error)
        effects.dead_letters.append(letter)
        effects.messages.append(letter_message(letter, self._topics.dead_letter))
        effects.outcomes[Outcome.DEAD_LETTERED, DeadLetterClass.UNREADABLE] += 1

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


def _names_gone_account(one: Decoded, gone: Collection[Reference]) -> bool:
    return bool(one.references) and one.references[0][1] in gone


def _entry(key: Key, one: Decoded, handled: Handled) -> InboxEntry:
    reason: RejectionReason | None = handled.reason
    version = handled.session.version if handled.session is not None else None
    return InboxEntry(*key, one.digest, handled.outcome, reason, version, one.partition, one.offset)
