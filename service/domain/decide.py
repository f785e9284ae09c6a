"""What a command does to a walk, or why not (design 6): one pure function, no I/O, no clock of its own."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from l1_walk_contracts import Command, RejectionReason, SessionStatus, Verb
from service.domain import begin, end, walk
from service.domain.decision import Accepted, Rejected
from service.domain.rules import Rules
from service.domain.session import Session

__all__ = ["Accepted", "Rejected", "decide"]

Beginning = Callable[[Any, Command, Rules], Accepted]
Change = Callable[[Session, Any, Command, Rules], Accepted | RejectionReason]

_BEGINNINGS: Final[Mapping[Verb, Beginning]] = MappingProxyType(
    {
        Verb.START: begin.start,
        Verb.ESCALATE_WITHOUT_WALK: begin.escalate_without_walk,
    }
)
_CHANGES: Final[Mapping[Verb, Change]] = MappingProxyType(
    {
        Verb.STEP: walk.step,
        Verb.REWIND: walk.rewind,
        Verb.NOTE: walk.note,
        Verb.REPLACE_NOTES: walk.replace_notes,
        Verb.RESOLVE: end.resolve,
        Verb.ESCALATE: end.escalate,
        Verb.ABANDON: end.abandon,
        Verb.FEEDBACK: end.feedback,
    }
)


def decide(session: Session | None, command: Command, rules: Rules, partition: int) -> Accepted | Rejected:
    """What becomes of `session` (None: there is none) by a command that came from `partition`.

    The reasons are those after `unknown_reference`, in the order of design 6. Where a session has no home,
    the command that changes it gives it one.
    """
    data = command.data
    known = session is not None and session.account_id == data.account_id
    beginning = _BEGINNINGS.get(command.verb)
    if beginning is not None:
        if session is not None:
            return Rejected(RejectionReason.SESSION_EXISTS, session.version if known else None)
        return _at_home(beginning(data, command, rules), partition)
    if session is None or not known:
        return Rejected(RejectionReason.SESSION_NOT_FOUND, None)
    decision = _refusal(session, command) or _CHANGES[command.verb](session, data, command, rules)
    if isinstance(decision, RejectionReason):
        return Rejected(decision, session.version)
    if decision.session is session:
        return decision
    return _at_home(decision, partition)


def _refusal(session: Session, command: Command) -> RejectionReason | None:
    """What speaks against any command on this session."""
    if command.verb is Verb.FEEDBACK:
        if session.status is not SessionStatus.RESOLVED:
            return RejectionReason.NOT_RESOLVED
    elif session.status is not SessionStatus.ACTIVE:
        return RejectionReason.SESSION_NOT_ACTIVE
    expected = command.data.expected_version
    if expected is not None and expected != session.version:
        return RejectionReason.VERSION_CONFLICT
    return None


def _at_home(accepted: Accepted, partition: int) -> Accepted:
    session = accepted.session
    if session.home_partition is not None:
        return accepted
    return Accepted(msgspec.structs.replace(session, home_partition=partition), accepted.events)
