"""How a walk ends, what is said of it afterwards, and the events that tell of it (design 5, 6, 7)."""

from typing import Any
from uuid import UUID

import pytest

from l1_walk_contracts import (
    AbandonedData,
    Command,
    EscalatedData,
    Event,
    EventKind,
    FeedbackRecordedData,
    ProposalValidatedData,
    RejectionReason,
    ResolvedData,
    SessionKind,
    SessionStatus,
    StartedData,
    Ticket,
    TicketKind,
    Verb,
    ended_id,
    event_id,
    started_id,
)
from service.domain.rules import Rules
from tests.support.walks import (
    ACCOUNT,
    ANNA,
    BEN,
    FLOW,
    PROPOSAL,
    SESSION,
    TICKET,
    accepted,
    at,
    command,
    rejected,
    session,
    smallest,
    walked,
)

PSA_TICKET = Ticket(id="48213", kind=TicketKind.PSA)
OTHER_KINDS = [SessionKind.FLOW, SessionKind.ADHOC, SessionKind.AI_BUILD]


def resolve(helpful: bool | None = None) -> Command:
    return command(Verb.RESOLVE, {"resolution_notes": "Licence assigned.", "helpful": helpful}, time=at(9))


def feedback(helpful: bool) -> Command:
    return command(Verb.FEEDBACK, {"helpful": helpful}, time=at(30), user_id=BEN)


def test_every_event_says_where_it_comes_from() -> None:
    wish = command(Verb.ESCALATE, {"reason": "Needs an engineer."}, time=at(5))
    event = accepted(session(version=4), wish, Rules(event_source="/elsewhere")).events[0]

    assert event == Event(
        id=ended_id(SESSION),
        kind=EventKind.ESCALATED,
        source="/elsewhere",
        session_id=SESSION,
        time=at(5),
        account_id=ACCOUNT,
        session_version=5,
        causation_id=wish.id,
        traceparent=wish.traceparent,
        data=event.data,
    )


def test_the_time_of_an_event_is_that_of_its_command() -> None:
    [event] = accepted(session(last_step_at=at(60)), smallest(Verb.RESOLVE)).events
    assert isinstance(event.data, ResolvedData)
    assert (event.time, event.data.ended_at) == (at(0), at(60))


def test_started() -> None:
    data = {
        "ticket": TICKET,
        "session_kind": "proposal",
        "flow_proposal_id": PROPOSAL,
        "start_node_id": "root",
        "acting_as": "l1_coverage",
    }
    [event] = accepted(None, command(Verb.START, data)).events
    assert (event.kind, event.id, event.session_version) == (EventKind.STARTED, started_id(SESSION), 1)
    assert event.data == StartedData(
        session_id=UUID(SESSION),
        account_id=ACCOUNT,
        ticket=PSA_TICKET,
        session_kind=SessionKind.PROPOSAL,
        flow_id=None,
        flow_proposal_id=PROPOSAL,
        created_by=ANNA,
        acting_as="l1_coverage",
        started_at=at(0),
        start_node_id="root",
    )


def test_resolved_carries_the_whole_walk() -> None:
    s = walked(
        session(acting_as="l1_coverage"),
        command(Verb.STEP, {"node_id": "a", "answer": "yes"}, time=at(2)),
        command(Verb.NOTE, {"text": "Lunch."}, time=at(4)),
        command(Verb.STEP, {"node_id": "b", "answer": "no"}, time=at(40)),
    )
    wish = command(
        Verb.RESOLVE,
        {"resolution_notes": "Licence assigned.", "helpful": False, "acting_as": "second_line"},
        time=at(44),
        user_id=BEN,
    )
    after, [event] = accepted(s, wish)

    assert (after.status, after.resolution_notes, after.helpful) == (
        SessionStatus.RESOLVED,
        "Licence assigned.",
        False,
    )
    assert (after.resolved_at, after.last_step_at, after.version) == (at(44), at(44), 5)
    assert isinstance(event.data, ResolvedData)
    assert event.data == ResolvedData(
        session_id=UUID(SESSION),
        account_id=ACCOUNT,
        ticket=PSA_TICKET,
        session_kind=SessionKind.FLOW,
        flow_id=FLOW,
        flow_proposal_id=None,
        created_by=ANNA,
        user_id=BEN,
        acting_as="second_line",
        started_at=at(0),
        ended_at=at(44),
        duration_seconds=44 * 60,
        active_seconds=8 * 60,
        walked_path=after.walked_path,
        walk_notes=after.walk_notes,
        path_count=2,
        note_count=1,
        summary=event.data.summary,
        customer_summary=event.data.customer_summary,
        resolution_notes="Licence assigned.",
        helpful=False,
    )


def test_a_walk_is_resolved_when_it_ends_even_by_a_clock_that_is_behind() -> None:
    after = accepted(session(last_step_at=at(10)), resolve()).session
    assert (after.resolved_at, after.last_step_at) == (at(10), at(10))


def test_a_gap_counts_as_active_as_long_as_the_setting_says() -> None:
    s = walked(session(), command(Verb.NOTE, {"text": "n"}, time=at(20)))
    wish = command(Verb.ABANDON, time=at(25))
    for gap, active in ((20, 25), (19, 5)):
        [event] = accepted(s, wish, Rules(active_gap=at(gap) - at(0))).events
        assert isinstance(event.data, AbandonedData)
        assert event.data.active_seconds == active * 60


def test_escalated() -> None:
    data = {"reason": "Needs an engineer.", "reason_category": "on_site"}
    after, [event] = accepted(session(), command(Verb.ESCALATE, data, time=at(5)))
    assert (after.status, after.escalation_reason, after.escalation_reason_category) == (
        SessionStatus.ESCALATED,
        "Needs an engineer.",
        "on_site",
    )
    assert (after.resolved_at, after.resolution_notes) == (None, None)
    assert isinstance(event.data, EscalatedData)
    assert (event.data.reason, event.data.reason_category) == ("Needs an engineer.", "on_site")


def test_a_session_born_escalated_tells_so_and_nothing_else() -> None:
    data = {"ticket": TICKET, "reason": "Server room on fire.", "reason_category": "urgent"}
    after, [event] = accepted(None, command(Verb.ESCALATE_WITHOUT_WALK, data, time=at(5)))

    assert (after.session_kind, after.status, after.walked_path) == (
        SessionKind.ADHOC,
        SessionStatus.ESCALATED,
        (),
    )
    assert (after.escalation_reason, after.escalation_reason_category) == ("Server room on fire.", "urgent")
    assert (after.version, after.started_at, after.last_step_at, after.resolved_at) == (1, at(5), at(5), None)
    assert (event.kind, event.id, event.session_version) == (EventKind.ESCALATED, ended_id(SESSION), 1)
    assert isinstance(event.data, EscalatedData)
    assert (event.data.reason, event.data.duration_seconds, event.data.active_seconds) == (
        "Server room on fire.",
        0,
        0,
    )


def test_why_a_walk_was_abandoned_is_in_the_event_alone() -> None:
    after, [event] = accepted(session(), command(Verb.ABANDON, {"reason": "Ticket merged."}, time=at(5)))
    assert after.status is SessionStatus.ABANDONED
    assert (after.escalation_reason, after.resolution_notes, after.resolved_at) == (None, None, None)
    assert (event.kind, event.id) == (EventKind.ABANDONED, ended_id(SESSION))
    assert isinstance(event.data, AbandonedData)
    assert event.data.reason == "Ticket merged."


@pytest.mark.parametrize(("since", "idle"), [(9.999, False), (10, True), (11, True)])
def test_the_idle_are_abandoned_only_if_nothing_happened_since(since: float, idle: bool) -> None:
    s = session(last_step_at=at(10))
    wish = command(Verb.ABANDON, {"idle_since": at(since)}, time=at(2000))
    if idle:
        assert accepted(s, wish).session.last_step_at == at(2000)
    else:
        assert rejected(s, wish).reason is RejectionReason.NOT_IDLE


@pytest.mark.parametrize("helpful", [True, False])
def test_a_word_on_a_proposal_walk_validates_the_proposal(helpful: bool) -> None:
    after, events = accepted(session(SessionKind.PROPOSAL), resolve(helpful))
    assert [event.kind for event in events] == [EventKind.RESOLVED, EventKind.PROPOSAL_VALIDATED]
    assert events[1].id == event_id(SESSION, 2, "l1.walk.proposal-validated.v1")
    assert events[1].session_version == events[0].session_version == 2
    assert events[1].data == ProposalValidatedData(
        session_id=UUID(SESSION),
        account_id=ACCOUNT,
        ticket=PSA_TICKET,
        session_kind=SessionKind.PROPOSAL,
        flow_proposal_id=PROPOSAL,
        user_id=ANNA,
        helpful=helpful,
    )

    after, events = accepted(after, feedback(not helpful))
    assert [event.kind for event in events] == [EventKind.FEEDBACK_RECORDED, EventKind.PROPOSAL_VALIDATED]
    assert [event.id for event in events] == [
        event_id(SESSION, 3, "l1.walk.feedback-recorded.v1"),
        event_id(SESSION, 3, "l1.walk.proposal-validated.v1"),
    ]
    assert isinstance(events[1].data, ProposalValidatedData)
    assert (events[1].data.helpful, events[1].data.user_id) == (not helpful, BEN)


def test_a_proposal_resolved_without_a_word_is_not_validated() -> None:
    assert [e.kind for e in accepted(session(SessionKind.PROPOSAL), resolve()).events] == [EventKind.RESOLVED]


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_no_other_walk_validates_a_proposal(kind: SessionKind) -> None:
    after, events = accepted(session(kind), resolve(True))
    assert [event.kind for event in events] == [EventKind.RESOLVED]
    assert [event.kind for event in accepted(after, feedback(False)).events] == [EventKind.FEEDBACK_RECORDED]


@pytest.mark.parametrize(("stands", "given"), [(None, True), (None, False), (True, False), (False, True)])
def test_feedback_changes_its_value_and_the_clock_alone(stands: Any, given: bool) -> None:
    before = accepted(session(), resolve(stands)).session
    wish = feedback(given)
    after, [event] = accepted(before, wish)
    assert (after.helpful, after.version, after.last_step_at) == (given, before.version + 1, at(30))
    assert (after.status, after.resolved_at) == (SessionStatus.RESOLVED, at(9))
    assert event.data == FeedbackRecordedData(
        session_id=UUID(SESSION),
        account_id=ACCOUNT,
        ticket=PSA_TICKET,
        session_kind=SessionKind.FLOW,
        flow_id=FLOW,
        user_id=BEN,
        helpful=given,
    )


@pytest.mark.parametrize("stands", [True, False])
@pytest.mark.parametrize("kind", SessionKind)
def test_feedback_that_stands_already_changes_nothing(kind: SessionKind, stands: bool) -> None:
    before = accepted(session(kind), resolve(stands)).session
    after, events = accepted(before, feedback(stands))
    assert after is before
    assert events == ()


def test_a_resolve_without_a_word_leaves_the_word_that_stands() -> None:
    after, [event] = accepted(session(helpful=True), resolve())
    assert after.helpful is True
    assert isinstance(event.data, ResolvedData)
    assert event.data.helpful is True
