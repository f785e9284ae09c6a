"""Whatever is commanded, in whatever order and by whatever clock: what always holds of a walk (design 5, 6, 7)."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from l1_walk_contracts import (
    Command,
    Event,
    EventKind,
    OutRecord,
    Record,
    RejectionReason,
    SessionKind,
    SessionStatus,
    TerminalData,
    Topics,
    Verb,
    decode_event,
    encode_event,
    limits,
)
from service.domain.decide import Accepted, decide
from service.domain.path import json_bytes
from service.domain.rules import Rules
from service.domain.session import Session
from tests.support.walks import (
    ACCOUNT,
    ANNA,
    BEN,
    FLOW,
    OTHER_ACCOUNT,
    PROPOSAL,
    command,
    named_uuid,
    session,
)

RULES = Rules(path_limit=6)
TOPICS = Topics()
BORN, ADOPTED = ["first", "second"], "adopted"
ENDED = {EventKind.RESOLVED, EventKind.ESCALATED, EventKind.ABANDONED}
OF_THE_RULES = set(RejectionReason) - {
    RejectionReason.INVALID,
    RejectionReason.ID_REUSED,
    RejectionReason.UNKNOWN_REFERENCE,
}
KEPT_FOR_EVER = (
    "id", "account_id", "created_by_user_id", "acting_as", "ticket_id", "ticket_kind", "session_kind",
    "flow_id", "flow_proposal_id", "started_at",
)  # fmt: skip

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
said = texts.filter(str.strip)
nodes = st.sampled_from(["a", "b", "c"])
moments = st.datetimes(timezones=st.just(UTC)) | st.integers(0, 3000).map(
    lambda seconds: datetime.fromtimestamp(1_790_000_000 + seconds, UTC)
)
shapes = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    "node_id", "question", "answer", "answer_label", "note", "next_node_id", "user_id", "acting_as", "at",
    "kind", "text",
)  # fmt: skip
entries = shapes | st.dictionaries(
    st.sampled_from(FIELDS), shapes | nodes | moments.map(str) | st.just("rewind"), max_size=8
)


def fields(**wanted: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(wanted)


def perhaps(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


tickets = fields(id=st.sampled_from(["1", "2"]), kind=st.sampled_from(["psa", "internal"]))
targets = st.sampled_from(
    [
        {"session_kind": "flow", "flow_id": FLOW},
        {"session_kind": "proposal", "flow_proposal_id": PROPOSAL},
        {"session_kind": "adhoc"},
        {"session_kind": "ai_build"},
    ]
)
notes = fields(text=said, node_id=perhaps(nodes))
escalations = fields(reason=said, reason_category=perhaps(texts))
DATA = {
    Verb.START: st.builds(
        lambda target, rest: target | rest, targets, fields(ticket=tickets, start_node_id=perhaps(nodes))
    ),
    Verb.STEP: fields(
        node_id=nodes,
        question=perhaps(texts),
        answer=said,
        answer_label=perhaps(texts),
        note=perhaps(texts),
        next_node_id=perhaps(nodes),
    ),
    Verb.REWIND: fields(node_id=nodes),
    Verb.NOTE: notes,
    Verb.REPLACE_NOTES: fields(notes=st.lists(notes, max_size=3)),
    Verb.RESOLVE: fields(resolution_notes=said, helpful=perhaps(st.booleans())),
    Verb.ESCALATE: escalations,
    Verb.ESCALATE_WITHOUT_WALK: st.builds(lambda t, rest: rest | {"ticket": t}, tickets, escalations),
    Verb.ABANDON: fields(reason=perhaps(texts), idle_since=perhaps(moments)),
    Verb.FEEDBACK: fields(helpful=st.booleans()),
}
ONGOING = [Verb.START, Verb.STEP, Verb.STEP, Verb.STEP, Verb.REWIND, Verb.NOTE, Verb.REPLACE_NOTES]


@st.composite
def commands(draw: st.DrawFn) -> Command:
    """Any command on one of a few sessions; mostly of one account, mostly with the walk going on."""
    verb = draw(st.sampled_from(ONGOING) | st.sampled_from(Verb))
    more = draw(fields(acting_as=perhaps(texts), expected_version=st.sampled_from([None] * 6 + [1, 2, 3])))
    return command(
        verb,
        draw(DATA[verb]) | more,
        time=draw(moments),
        session_id=str(named_uuid(draw(st.sampled_from([*BORN, ADOPTED])))),
        account_id=draw(st.sampled_from([ACCOUNT] * 9 + [OTHER_ACCOUNT])),
        user_id=draw(st.sampled_from([ANNA, BEN])),
    )


@st.composite
def adopted(draw: st.DrawFn) -> Session:
    """A row that upstream wrote: paths and notes of any shape, clocks that may run backwards."""
    return session(
        draw(st.sampled_from(SessionKind)),
        id=named_uuid(ADOPTED),
        current_node_id=draw(perhaps(nodes)),
        walked_path=tuple(draw(st.lists(entries, max_size=4))),
        walk_notes=tuple(draw(st.lists(entries, max_size=4))),
        helpful=draw(perhaps(st.booleans())),
        started_at=draw(moments),
        last_step_at=draw(moments),
        home_partition=None,
    )


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(adopted(), st.lists(commands(), min_size=1, max_size=25))
def test_what_always_holds(upstreams: Session, wishes: list[Command]) -> None:
    sessions: dict[str, Session] = {str(upstreams.id): upstreams}
    told: dict[str, bytes] = {}
    kinds: dict[str, list[EventKind]] = defaultdict(list)

    for number, wish in enumerate(wishes):
        before = sessions.get(wish.session_id)
        image = msgspec.json.encode(before)
        decision = decide(before, wish, RULES, number)
        assert msgspec.json.encode(before) == image
        assert decide(before, wish, RULES, number) == decision

        if not isinstance(decision, Accepted):
            assert decision.reason in OF_THE_RULES
            known = before is not None and before.account_id == wish.data.account_id
            assert decision.version == (before.version if before is not None and known else None)
            continue
        follows(before, decision, wish, number)
        keeps_the_checks_of_the_table(decision.session)
        for event in decision.events:
            record = tells(event, decision.session, wish)
            assert told.setdefault(event.id, record.value) == record.value
            kinds[wish.session_id].append(event.kind)
        sessions[wish.session_id] = decision.session

    for session_id, s in sessions.items():
        assert_told_once(s, kinds[session_id], born=s.id != upstreams.id)
    assert len(told) == sum(map(len, kinds.values()))


def follows(before: Session | None, decision: Accepted, wish: Command, partition: int) -> None:
    """What became of the session is what an accepted command may make of it."""
    after = decision.session
    if before is None:
        assert wish.verb in {Verb.START, Verb.ESCALATE_WITHOUT_WALK}
        assert (after.version, after.last_step_at, after.home_partition) == (1, wish.time, partition)
        return
    if after == before:
        assert (after is before, decision.events, wish.verb) == (True, (), Verb.FEEDBACK)
        return
    assert after.version == before.version + 1
    assert after.last_step_at == max(before.last_step_at, wish.time)
    home = before.home_partition
    assert after.home_partition == (partition if home is None else home)
    assert all(getattr(after, name) == getattr(before, name) for name in KEPT_FOR_EVER)
    assert after.walked_path[: len(before.walked_path)] == before.walked_path
    if wish.verb is not Verb.REPLACE_NOTES:
        assert after.walk_notes[: len(before.walk_notes)] == before.walk_notes
    if before.status is not SessionStatus.ACTIVE:
        unchanged = msgspec.structs.replace(
            before, helpful=after.helpful, version=after.version, last_step_at=after.last_step_at
        )
        assert after == msgspec.structs.replace(unchanged, home_partition=after.home_partition)
    assert (after.resolved_at != before.resolved_at) == (wish.verb is Verb.RESOLVE)


def keeps_the_checks_of_the_table(s: Session) -> None:
    """The checks and widths of design 12, and the limits of design 5."""
    assert (s.flow_id is not None) == (s.session_kind is SessionKind.FLOW)
    assert (s.flow_proposal_id is not None) == (s.session_kind is SessionKind.PROPOSAL)
    assert (s.resolved_at is not None) == (s.status is SessionStatus.RESOLVED)
    assert (s.resolution_notes is not None) == (s.status is SessionStatus.RESOLVED)
    assert (s.escalation_reason is not None) == (s.status is SessionStatus.ESCALATED)
    widths = (
        (s.acting_as, 30), (s.ticket_id, 64), (s.current_node_id, 100), (s.escalation_reason_category, 30),
    )  # fmt: skip
    assert all(len(text or "") <= width for text, width in widths)
    assert len(s.walked_path) <= RULES.path_limit
    assert json_bytes(s.walked_path) <= limits.PATH_BYTES
    assert json_bytes(s.walk_notes) <= limits.NOTES_BYTES


def tells(event: Event, s: Session, wish: Command) -> OutRecord:
    """The event says where it comes from, and crosses the wire."""
    assert (event.session_id, event.account_id) == (wish.session_id, s.account_id)
    assert (event.time, event.causation_id, event.session_version) == (wish.time, wish.id, s.version)
    if isinstance(event.data, TerminalData):
        assert 0 <= event.data.active_seconds <= event.data.duration_seconds
        assert event.data.ended_at == s.last_step_at
        assert 0 < len(event.data.customer_summary) <= len(event.data.summary) + 200
        assert len(event.data.summary) <= limits.SUMMARY_CHARS
    record = encode_event(event, TOPICS)
    assert len(record.value) <= limits.EVENT_BYTES
    read = decode_event(Record(record.key, record.value, record.headers))
    assert (read.id, read.kind, read.data.__class__) == (event.id, event.kind, event.data.__class__)
    return record


def assert_told_once(s: Session, kinds: list[EventKind], *, born: bool) -> None:
    """A walk that was begun here says so once, unless it was born escalated; one that ended says that once."""
    ends = [kind for kind in kinds if kind in ENDED]
    assert ends == ([] if s.status is SessionStatus.ACTIVE else [EventKind(s.status)])
    started = kinds.count(EventKind.STARTED)
    assert started == (born and (s.status is not SessionStatus.ESCALATED or s.version > 1))
