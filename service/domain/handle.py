"""All that may become of one command, in the order of design 6: pure, the same for the worker and for `verify`."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from l1_walk_contracts import (
    Command,
    CommandRejectedData,
    Event,
    EventKind,
    FieldError,
    Invalid,
    Origin,
    Outcome,
    Record,
    RejectionReason,
    Unsupported,
    rejection_id,
)
from service.domain.decide import Accepted, decide
from service.domain.received import received_command
from service.domain.rules import Rules
from service.domain.session import Session
from service.domain.timestamps import EPOCH, record_time

ABOUT_THE_MESSAGE = frozenset(
    {
        RejectionReason.INVALID,
        RejectionReason.ID_REUSED,
        RejectionReason.SESSION_NOT_FOUND,
        RejectionReason.UNKNOWN_REFERENCE,
    }
)
"""These touch no walk and leave no trace in it: what is sent again, corrected, is decided anew (design 9, rule 3)."""


class Handled(NamedTuple):
    """What became of a command."""

    outcome: Outcome
    session: Session | None
    """As it stands now, also where the command may not know of it; None where there is none."""
    events: tuple[Event, ...] = ()
    """What is to be told, in order: facts, or the one rejection."""
    reason: RejectionReason | None = None
    remembered: bool = False
    """Whether the outcome is final: kept in the inbox."""


class Received(NamedTuple):
    """A command, with where it came from and what is known of it."""

    message: Command | Invalid | Unsupported
    record: Record
    topic: str
    partition: int
    offset: int
    digest: bytes
    seen: bytes | None
    """The digest of the command that was handled under the same identity; None where there was none."""
    unknown: Collection[str]
    """The fields whose reference is unknown or gone, such as `data.user_id`."""
    account_gone: bool
    """Its account was erased: nothing of what it says may be kept or told."""
    held_in: int | None = None
    """The partition in which the session is held; None: it is not."""


def handle(received: Received, session: Session | None, rules: Rules) -> Handled:
    """Decide a command on the session that it names (None: there is none).

    One of a type that nobody here knows can only be refused, for an account that is gone.
    """
    message = received.message
    if isinstance(message, Invalid):
        return _rejected(received, session, rules, RejectionReason.INVALID, message.errors)
    if isinstance(message, Unsupported):
        return _rejected(received, session, rules, RejectionReason.UNKNOWN_REFERENCE, _unknown(received))
    if _strayed(received, session, message):
        return _rejected(received, session, rules, RejectionReason.INVALID, (_WRONG_PARTITION,))
    if received.seen is not None:
        if received.seen == received.digest:
            return Handled(Outcome.DUPLICATE, session)
        return _rejected(received, session, rules, RejectionReason.ID_REUSED)
    if received.unknown:
        return _rejected(received, session, rules, RejectionReason.UNKNOWN_REFERENCE, _unknown(received))
    decision = decide(session, message, rules, received.partition)
    if isinstance(decision, Accepted):
        return Handled(Outcome.ACCEPTED, decision.session, decision.events, remembered=True)
    return _rejected(received, session, rules, decision.reason)


_WRONG_PARTITION = FieldError(
    "partition",
    "not the partition that the session's first command came from: set the producer's partitioner to murmur2 "
    "(librdkafka: partitioner=murmur2_random), and make a topic larger with `walk topics grow` only",
)


def _strayed(received: Received, session: Session | None, command: Command) -> bool:
    """From another partition than the session's, or than the one it is held in while it has none; a session of
    another account is not told of."""
    home = None if session is None else session.home_partition
    if home is None:
        home = received.held_in
    if home is None or home == received.partition:
        return False
    return session is None or session.account_id == command.data.account_id


def _unknown(received: Received) -> tuple[FieldError, ...]:
    return tuple(FieldError(field, "names nothing that is known here") for field in received.unknown)


def _rejected(
    received: Received,
    session: Session | None,
    rules: Rules,
    reason: RejectionReason,
    errors: tuple[FieldError, ...] | None = None,
) -> Handled:
    message = received.message
    origin = Origin(topic=received.topic, partition=received.partition, offset=received.offset)
    account_id = message.data.account_id if isinstance(message, Command) else message.account_id
    known = session if session is not None and session.account_id == account_id else None
    event = Event(
        id=rejection_id(origin.topic, origin.partition, origin.offset, received.digest),
        kind=EventKind.COMMAND_REJECTED,
        source=rules.event_source,
        session_id=message.session_id,
        time=_when(received),
        account_id=account_id,
        session_version=known.version if known else None,
        causation_id=message.id,
        traceparent=message.traceparent,
        data=CommandRejectedData(
            reason=reason,
            errors=errors,
            origin=origin,
            command_source=message.source,
            command_type=message.type,
            command=None if received.account_gone else received_command(received.record),
        ),
    )
    remembered = session is not None and reason not in ABOUT_THE_MESSAGE
    return Handled(Outcome.REJECTED, session, (event,), reason, remembered)


def _when(received: Received) -> datetime:
    """When it happened; what does not say so legibly, when it was written; else the epoch, so that its bytes stay."""
    if isinstance(received.message, Command):
        return received.message.time
    return record_time(received.record.timestamp_ms) or EPOCH
