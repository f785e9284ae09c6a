"""Steps, rewinds and notes: what they leave, and where the walk then stands (design 5)."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from l1_walk_contracts import RejectionReason as Reason
from l1_walk_contracts import SessionKind, SessionStatus, Verb, limits
from service.domain.path import awaited_node
from service.domain.rules import Rules
from service.domain.session import Session
from tests.support.walks import (
    ANNA,
    BEN,
    HOME,
    SESSION,
    accepted,
    at,
    command,
    rejected,
    session,
    smallest,
    walked,
)

NODES = [SessionKind.FLOW, SessionKind.PROPOSAL, SessionKind.AI_BUILD]


def step(node_id: str, next_node_id: str | None = None, **more: Any) -> Any:
    return command(Verb.STEP, {"node_id": node_id, "answer": "yes", "next_node_id": next_node_id, **more})


def rewind(node_id: str) -> Any:
    return command(Verb.REWIND, {"node_id": node_id})


def test_a_start_leaves_all_it_was_given() -> None:
    data = {
        "ticket": {"id": "T-1", "kind": "internal"},
        "session_kind": "flow",
        "flow_id": session().flow_id,
        "start_node_id": "root",
        "acting_as": "l1_coverage",
    }
    begun = accepted(None, command(Verb.START, data, time=at(3)), partition=9).session

    assert str(begun.id) == SESSION
    assert begun == Session(
        id=begun.id,
        account_id=session().account_id,
        created_by_user_id=ANNA,
        acting_as="l1_coverage",
        ticket_id="T-1",
        ticket_kind=begun.ticket_kind,
        session_kind=SessionKind.FLOW,
        flow_id=session().flow_id,
        current_node_id="root",
        started_at=at(3),
        last_step_at=at(3),
        version=1,
        home_partition=9,
    )
    assert begun.ticket_kind.value == "internal"


def test_a_step_leaves_an_entry_with_all_it_was_given() -> None:
    data = {
        "node_id": "a",
        "question": "Does it work?",
        "answer": "no",
        "answer_label": "No",
        "note": "Not at all.",
        "next_node_id": "b",
        "acting_as": "l1_coverage",
    }
    after = accepted(session(), command(Verb.STEP, data, time=at(2.5), user_id=BEN)).session

    assert after.walked_path == ({**data, "user_id": str(BEN), "at": "2026-03-02T09:02:30Z", "kind": "step"},)
    assert (after.current_node_id, after.version, after.last_step_at) == ("b", 2, at(2.5))
    assert after.acting_as is None  # that of the start


def test_absent_fields_are_left_out_of_an_entry() -> None:
    after = walked(session(), step("a"), rewind("a"))
    signed = {"user_id": str(ANNA), "at": "2026-03-02T09:00:00Z"}
    assert after.walked_path == (
        {"node_id": "a", "answer": "yes", **signed, "kind": "step"},
        {"node_id": "a", **signed, "kind": "rewind"},
    )


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (at(0) + timedelta(microseconds=250_000), "2026-03-02T09:00:00.250000Z"),
        (at(0).replace(year=1), "0001-03-02T09:00:00Z"),
        (at(0).replace(year=9999), "9999-03-02T09:00:00Z"),
    ],
)
def test_times_are_rfc_3339_in_utc(moment: datetime, text: str) -> None:
    after = accepted(session(), command(Verb.NOTE, {"text": "n"}, time=moment)).session
    assert after.walk_notes[0]["at"] == text
    assert datetime.fromisoformat(text) == moment


@pytest.mark.parametrize("kind", NODES)
def test_where_a_walk_stands(kind: SessionKind) -> None:
    s = session(kind, current_node_id="a")
    assert rejected(s, step("b")).reason is Reason.STALE_NODE
    s = walked(s, step("a", "b"))
    assert rejected(s, step("a")).reason is Reason.STALE_NODE
    s = walked(s, step("b"))
    assert s.current_node_id == "b"
    s = walked(s, step("anything", "d"), step("d", "e"), rewind("b"))
    assert s.current_node_id == "b"
    assert rejected(s, step("e")).reason is Reason.STALE_NODE
    s = walked(s, step("b", "c"), rewind("d"), rewind("a"))
    assert rejected(s, step("b")).reason is Reason.STALE_NODE
    assert walked(s, step("a")).current_node_id == "a"


def test_with_nothing_known_any_node_may_come_first() -> None:
    assert walked(session(), step("z")).current_node_id == "z"


@pytest.mark.parametrize(
    ("path", "current", "awaited"),
    [
        ((), None, None),
        ((), "a", "a"),
        (({"node_id": "a", "next_node_id": "b"},), "b", "b"),
        (({"node_id": "a", "next_node_id": "b"},), "corrected", "corrected"),
        (({"node_id": "a", "next_node_id": "b"},), None, None),
        (({"node_id": "a"},), "a", None),
        (({"node_id": "a", "next_node_id": None},), "a", None),
        (({"node_id": "a", "next_node_id": ""},), "a", None),
        (({"node_id": "a", "next_node_id": 5},), "5", "5"),
        (({"node_id": "a", "kind": "rewind"},), "a", "a"),
        (({"node_id": "a", "next_node_id": "b"}, {"node_id": "b"}), "b", None),
        (({"kind": ["rewind"]},), "a", None),
        (("a",), "a", None),
        ((None,), "a", None),
        (([{"next_node_id": "b"}],), "a", None),
        ((7,), "a", None),
    ],
)
def test_the_last_entry_tells_whether_a_node_is_awaited(
    path: tuple[Any, ...], current: str | None, awaited: str | None
) -> None:
    s = session(walked_path=path, current_node_id=current)
    assert awaited_node(s) == awaited
    if awaited is not None:
        assert rejected(s, step("another")).reason is Reason.STALE_NODE
    assert walked(s, step(awaited or "another")).walked_path[:-1] == path


def test_only_what_was_walked_can_be_gone_back_to() -> None:
    s = walked(session(current_node_id="a"), step("a", "b"))
    for never in ("b", "A", "a "):
        assert rejected(s, rewind(never)).reason is Reason.NODE_NOT_WALKED
    assert rejected(session(current_node_id="a"), rewind("a")).reason is Reason.NODE_NOT_WALKED


@pytest.mark.parametrize("make", [lambda: step("a"), lambda: rewind("a")])
def test_a_path_has_so_many_entries_and_no_more(make: Any) -> None:
    rules = Rules(path_limit=3)
    s = walked(session(), step("a"), rewind("a"))
    s = accepted(s, make(), rules).session
    assert len(s.walked_path) == 3
    assert rejected(s, make(), rules).reason is Reason.STEP_LIMIT


@pytest.mark.parametrize("make", [lambda: step("a"), lambda: rewind("a")])
def test_a_path_has_a_mebibyte_and_no_more(make: Any) -> None:
    plain = accepted(session(walked_path=({"node_id": "a"},)), make()).session.walked_path
    room = limits.PATH_BYTES - len(msgspec.json.encode((*plain, "")))
    full = ({"node_id": "a"}, "é" * (room // 2) + "x" * (room % 2))

    assert accepted(session(walked_path=full), make())
    over = (full[0], full[1] + "x")
    assert rejected(session(walked_path=over), make()).reason is Reason.STEP_LIMIT


def test_notes_are_added_in_order() -> None:
    s = walked(
        session(),
        command(Verb.NOTE, {"text": "One.", "node_id": "a"}, time=at(1)),
        command(Verb.NOTE, {"text": "Two."}, time=at(2), user_id=BEN),
    )
    assert s.walk_notes == (
        {"text": "One.", "node_id": "a", "user_id": str(ANNA), "at": "2026-03-02T09:01:00Z"},
        {"text": "Two.", "user_id": str(BEN), "at": "2026-03-02T09:02:00Z"},
    )
    assert (s.version, s.last_step_at, s.current_node_id, s.walked_path) == (3, at(2), None, ())


def test_notes_are_replaced_whole() -> None:
    s = session(walk_notes=("old", {"text": "One."}))
    data = {"notes": [{"text": "New.", "node_id": "b"}, {"text": "Newer."}]}
    s = walked(s, command(Verb.REPLACE_NOTES, data, time=at(1)))
    signed = {"user_id": str(ANNA), "at": "2026-03-02T09:01:00Z"}
    assert s.walk_notes == ({"text": "New.", "node_id": "b", **signed}, {"text": "Newer.", **signed})

    s = walked(s, command(Verb.REPLACE_NOTES, {"notes": []}, time=at(2)))
    assert (s.walk_notes, s.version, s.last_step_at) == ((), 3, at(2))


def test_notes_have_256_kibibytes_and_no_more() -> None:
    note = smallest(Verb.NOTE)
    room = limits.NOTES_BYTES - len(msgspec.json.encode(("", *walked(session(), note).walk_notes)))
    assert accepted(session(walk_notes=("x" * room,)), note)
    assert rejected(session(walk_notes=("x" * (room + 1),)), note).reason is Reason.NOTES_TOO_LARGE


def test_replaced_notes_are_measured_without_those_that_go() -> None:
    full = session(walk_notes=("x" * limits.NOTES_BYTES,))
    assert accepted(full, smallest(Verb.REPLACE_NOTES))
    notes = [{"text": "x" * 32_000}] * 9
    assert rejected(session(), command(Verb.REPLACE_NOTES, {"notes": notes})).reason is Reason.NOTES_TOO_LARGE


def test_a_free_walk_takes_notes() -> None:
    assert walked(session(SessionKind.ADHOC), smallest(Verb.NOTE)).walk_notes


@pytest.mark.parametrize(
    "verb", [Verb.STEP, Verb.NOTE, Verb.REPLACE_NOTES, Verb.RESOLVE, Verb.ESCALATE, Verb.ABANDON]
)
def test_the_last_step_never_goes_back(verb: Verb) -> None:
    late = session(last_step_at=at(10))
    assert accepted(late, smallest(verb)).session.last_step_at == at(10)


def test_an_adopted_session_finds_its_home_with_the_first_change() -> None:
    adopted = session(home_partition=None)
    assert accepted(adopted, smallest(Verb.NOTE), partition=7).session.home_partition == 7
    assert accepted(session(), smallest(Verb.NOTE), partition=7).session.home_partition == HOME

    resolved = session(home_partition=None, status=SessionStatus.RESOLVED, helpful=True)
    assert accepted(resolved, smallest(Verb.FEEDBACK), partition=7).session is resolved
