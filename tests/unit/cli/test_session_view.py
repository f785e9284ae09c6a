"""`walk session`: a walk as a timeline."""

from typing import Any

import msgspec

from l1_walk_contracts import SessionKind, SessionStatus, TicketKind
from service.cli.views.session import session_json, session_view
from service.domain.rules import Rules
from service.domain.session import Session
from service.ops.walks import Held, tell
from tests.support.terminal import rendered
from tests.support.walks import ACCOUNT, ANNA, BEN, FLOW, NINE, at, named_uuid

BASE = Session(
    id=named_uuid("session"),
    account_id=ACCOUNT,
    created_by_user_id=ANNA,
    ticket_id="T-7",
    ticket_kind=TicketKind.PSA,
    session_kind=SessionKind.FLOW,
    flow_id=FLOW,
    current_node_id="spooler",
    started_at=NINE,
    last_step_at=at(20),
    version=5,
)


def step(minutes: float, question: str, answer: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": "step",
        "node_id": question.lower(),
        "question": question,
        "answer": answer,
        "user_id": str(ANNA),
        "at": at(minutes).isoformat(),
        **more,
    }


def note(minutes: float, text: str, user: object = ANNA) -> dict[str, Any]:
    return {"text": text, "user_id": str(user), "at": at(minutes).isoformat()}


def view(**changes: Any) -> str:
    session = msgspec.structs.replace(BASE, **changes)
    return rendered(session_view(tell(session, Rules())))


def timeline(told: str) -> str:
    """From the first day on."""
    return told[told.index("2026-03-02\n") :]


def test_a_walk_under_way() -> None:
    told = view(
        walked_path=(
            step(0, "Power?", "yes", answer_label="It has"),
            {"kind": "rewind", "node_id": "power?"},
        ),
        walk_notes=(note(5, "Second floor"),),
    )
    assert told.startswith("ticket T-7 (psa)  active\n")
    assert "stands at  spooler\n" in told
    assert "UTC (20 min, 10 min of it work)\n" not in told
    assert timeline(told) == (
        "2026-03-02\n"
        "09:00:00    ●  started\n"
        "09:00:00    1  Power?\n"
        "               → It has\n"
        "            ↩  back to power?\n"
        "09:05:00    ✎  Second floor\n"
    )


def test_the_end_is_told_with_the_text_for_the_psa() -> None:
    told = view(
        status=SessionStatus.RESOLVED,
        resolution_notes="Cleared\nthe spooler",
        helpful=True,
        resolved_at=at(20),
        walked_path=(step(1, "Spooler?", "stuck", note="again"),),
    )
    assert told.startswith("ticket T-7 (psa)  resolved\n")
    assert (
        "09:20:00    ■  resolved\n"
        "               Cleared\n"
        "               the spooler\n"
        "               what was walked was helpful\n"
    ) in told
    assert "               ✎ again\n" in told
    _, _, text = told.partition("for the PSA ")
    assert "L1 walk of ticket T-7: RESOLVED\n" in text


def test_an_escalation_says_its_category() -> None:
    told = view(
        status=SessionStatus.ESCALATED,
        escalation_reason="Board is dead",
        escalation_reason_category="hardware",
    )
    assert "■  escalated (hardware)\n               Board is dead\n" in told


def test_each_day_has_its_head() -> None:
    told = view(walked_path=(step(1, "One", "1"), step(60 * 24, "Two", "2")))
    assert timeline(told).count("2026-03-03\n") == 1


def test_rows_of_any_shape_are_borne_and_nothing_of_them_rules_the_terminal() -> None:
    told = view(
        ticket_id="T\x1b[2J",
        status=SessionStatus.ABANDONED,
        walked_path=(None, 3, "text", {}, {"at": "never", "answer": ["\x07"]}, [1]),
        walk_notes=("only text", {"text": 7}, None),
        current_node_id=None,
    )
    assert "only text" in told
    assert "\x1b" not in told
    assert "\x07" not in told


def test_programs_get_the_row_and_the_texts() -> None:
    told = session_json(tell(BASE, Rules()))
    assert told["ticket_id"] == "T-7"
    assert told["started_at"] == "2026-03-02T09:00:00Z"
    assert told["duration_seconds"] == 1_200
    assert told["summary"] is None
    ended = session_json(tell(msgspec.structs.replace(BASE, status=SessionStatus.RESOLVED), Rules()))
    assert ended["summary"].startswith("L1 walk of ticket T-7: RESOLVED")
    assert ended["customer_summary"].startswith("Your request (ticket T-7) has been resolved.")


def test_who_made_the_last_entry_stands_for_who_ended_it() -> None:
    session = msgspec.structs.replace(
        BASE,
        status=SessionStatus.RESOLVED,
        resolution_notes="ok",
        walk_notes=(note(3, "mine", BEN), note(1, "hers")),
    )
    assert "ended by technician 2" in (tell(session, Rules()).summary or "")


def test_a_walk_that_is_held_says_behind_what() -> None:
    held = Held(named_uuid("letter"), NINE, 3)
    told = tell(BASE, Rules())._replace(held=held)
    waits = f"behind dead letter {held.dead_letter_id}, 3 commands parked since 2026-03-02 09:00:00 UTC"
    assert waits in " ".join(rendered(session_view(told)).split())
    assert session_json(told)["held"]["parked"] == 3
