"""When a command is refused, and which reason comes first where several hold (design 6)."""

from typing import Any

import pytest

from l1_walk_contracts import RejectionReason as Reason
from l1_walk_contracts import SessionKind, SessionStatus, Verb
from service.domain.decide import Rejected
from service.domain.session import Session
from tests.support.records import MINIMAL
from tests.support.walks import (
    OTHER_ACCOUNT,
    accepted,
    at,
    command,
    rejected,
    session,
    smallest,
)

BEGIN = {Verb.START, Verb.ESCALATE_WITHOUT_WALK}
ENDED = [status for status in SessionStatus if status is not SessionStatus.ACTIVE]
STEPPED = ({"node_id": "n", "answer": "yes", "kind": "step"},)


def fitting(verb: Verb) -> Session | None:
    """A session on which the smallest command of that verb is accepted."""
    if verb in BEGIN:
        return None
    if verb is Verb.FEEDBACK:
        return session(status=SessionStatus.RESOLVED, version=7)
    return session(walked_path=STEPPED, version=7)


@pytest.mark.parametrize("verb", Verb)
def test_each_verb_is_accepted_where_it_fits(verb: Verb) -> None:
    assert accepted(fitting(verb), smallest(verb)).events or verb in {
        Verb.STEP,
        Verb.REWIND,
        Verb.NOTE,
        Verb.REPLACE_NOTES,
    }


@pytest.mark.parametrize("status", SessionStatus)
@pytest.mark.parametrize("verb", sorted(BEGIN))
def test_nothing_begins_twice(verb: Verb, status: SessionStatus) -> None:
    decision = rejected(session(status=status, version=3), smallest(verb, expected_version=99))
    assert decision == Rejected(Reason.SESSION_EXISTS, 3)


@pytest.mark.parametrize("verb", sorted(BEGIN))
def test_another_account_that_begins_it_again_learns_no_version(verb: Verb) -> None:
    wish = command(verb, MINIMAL[verb], account_id=OTHER_ACCOUNT)
    assert rejected(session(version=3), wish) == Rejected(Reason.SESSION_EXISTS, None)


@pytest.mark.parametrize("verb", sorted(set(Verb) - BEGIN))
def test_all_else_wants_a_session(verb: Verb) -> None:
    assert rejected(None, smallest(verb)) == Rejected(Reason.SESSION_NOT_FOUND, None)


@pytest.mark.parametrize("status", SessionStatus)
@pytest.mark.parametrize("verb", sorted(set(Verb) - BEGIN))
def test_the_session_of_another_account_is_not_told_of(verb: Verb, status: SessionStatus) -> None:
    wish = command(verb, MINIMAL[verb], account_id=OTHER_ACCOUNT)
    assert rejected(session(status=status), wish) == Rejected(Reason.SESSION_NOT_FOUND, None)


@pytest.mark.parametrize("status", ENDED)
@pytest.mark.parametrize("verb", sorted(set(Verb) - BEGIN - {Verb.FEEDBACK}))
def test_what_ended_stays_ended(verb: Verb, status: SessionStatus) -> None:
    wish = smallest(verb, expected_version=99)
    assert rejected(session(status=status), wish) == Rejected(Reason.SESSION_NOT_ACTIVE, 1)


@pytest.mark.parametrize("status", sorted(set(SessionStatus) - {SessionStatus.RESOLVED}))
def test_feedback_is_for_what_was_resolved(status: SessionStatus) -> None:
    wish = smallest(Verb.FEEDBACK, expected_version=99)
    assert rejected(session(status=status), wish) == Rejected(Reason.NOT_RESOLVED, 1)


@pytest.mark.parametrize("verb", sorted(set(Verb) - BEGIN))
def test_a_sender_who_saw_another_version_is_told_which_stands(verb: Verb) -> None:
    for version in (6, 8):
        wish = smallest(verb, expected_version=version)
        assert rejected(fitting(verb), wish) == Rejected(Reason.VERSION_CONFLICT, 7)
    assert accepted(fitting(verb), smallest(verb, expected_version=7))


def test_a_version_is_expected_in_vain_of_what_does_not_exist_yet() -> None:
    assert accepted(None, smallest(Verb.START, expected_version=5)).session.version == 1


def test_feedback_that_stands_already_still_expects_its_version() -> None:
    stands = session(status=SessionStatus.RESOLVED, helpful=True, version=2)
    assert rejected(stands, smallest(Verb.FEEDBACK, expected_version=1)).reason is Reason.VERSION_CONFLICT


@pytest.mark.parametrize(
    ("verb", "before", "data", "reason"),
    [
        (
            Verb.STEP,
            session(SessionKind.ADHOC, current_node_id="b"),
            {"node_id": "a", "answer": "yes", "expected_version": 2},
            Reason.VERSION_CONFLICT,
        ),
        (
            Verb.STEP,
            session(SessionKind.ADHOC, current_node_id="b"),
            {"node_id": "a", "answer": "yes"},
            Reason.ADHOC_HAS_NO_NODES,
        ),
        (Verb.REWIND, session(SessionKind.ADHOC), {"node_id": "a"}, Reason.ADHOC_HAS_NO_NODES),
        (
            Verb.STEP,
            session(current_node_id="b", walked_path=({"next_node_id": "b"},) * 500),
            {"node_id": "a", "answer": "yes"},
            Reason.STALE_NODE,
        ),
        (
            Verb.REWIND,
            session(walked_path=({"node_id": "b"},) * 500),
            {"node_id": "a"},
            Reason.NODE_NOT_WALKED,
        ),
        (
            Verb.ABANDON,
            session(last_step_at=at(1)),
            {"idle_since": at(0), "expected_version": 2},
            Reason.VERSION_CONFLICT,
        ),
    ],
)
def test_the_first_reason_is_told(verb: Verb, before: Session, data: dict[str, Any], reason: Reason) -> None:
    assert rejected(before, command(verb, data)).reason is reason
