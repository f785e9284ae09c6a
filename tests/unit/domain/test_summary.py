"""What a technician finds in the ticket, and what the client may read (design 7)."""

from typing import Any

import pytest

from l1_walk_contracts import Command, SessionKind, TerminalData, TicketKind, Verb, limits
from l1_walk_contracts.limits import CUSTOMER_SUMMARY_CHARS
from service.domain.session import Session
from tests.support.walks import BEN, TICKET, accepted, at, command, session, walked

RESOLVE = command(Verb.RESOLVE, {"resolution_notes": "Licence assigned."}, time=at(33))


def told(before: Session | None, wish: Command) -> TerminalData:
    data = accepted(before, wish).events[0].data
    assert isinstance(data, TerminalData)
    return data


def step(minutes: float, node_id: str, question: str, answer: str, **more: Any) -> Command:
    data = {"node_id": node_id, "question": question, "answer": answer, **more}
    return command(Verb.STEP, data, time=at(minutes))


def mail_walk() -> Session:
    return walked(
        session(),
        step(3, "webmail", "Does the user reach webmail?", "yes", answer_label="Yes, it opens"),
        step(5, "profile", "Is the Outlook profile in order?", "no", note="Blank window.\r\nNo error.\n"),
        command(Verb.NOTE, {"text": "Called back:\nnew laptop since Monday.\n"}, time=at(6)),
        command(Verb.REWIND, {"node_id": "webmail"}, time=at(8)),
        step(9, "webmail", "Does the user reach webmail?", "no", answer_label="No"),
        step(11, "licence", "Is there a mailbox licence?", "none left"),
    )


def test_a_resolved_walk() -> None:
    data = {"resolution_notes": "Assigned the licence.\nMail flows again.", "helpful": True}
    data_told = told(mail_walk(), command(Verb.RESOLVE, data, time=at(33)))
    assert data_told.summary == (
        "L1 walk of ticket 48213: RESOLVED\n"
        "When: 2026-03-02 09:00 to 09:33 UTC (33 min, of which 11 min active)\n"
        "Who: L1 technician\n"
        "What: a published flow: 4 steps, went back once, 1 note\n"
        "\n"
        "RESOLUTION\n"
        "Assigned the licence.\n"
        "Mail flows again.\n"
        "Did the walk help? Yes\n"
        "\n"
        "STEPS\n"
        "1. [09:03] Does the user reach webmail?\n"
        "   -> yes (Yes, it opens)\n"
        "2. [09:05] Is the Outlook profile in order?\n"
        "   -> no\n"
        "   Note: Blank window.\n"
        "   No error.\n"
        "   [09:08] Went back to step 1: Does the user reach webmail?\n"
        "3. [09:09] Does the user reach webmail?\n"
        "   -> No\n"
        "4. [09:11] Is there a mailbox licence?\n"
        "   -> none left\n"
        "\n"
        "NOTES\n"
        "- [09:06] Called back:\n"
        "  new laptop since Monday."
    )
    assert data_told.customer_summary == (
        "Your request (ticket 48213) has been resolved.\n"
        "\n"
        "What was done:\n"
        "Assigned the licence.\n"
        "Mail flows again.\n"
        "\n"
        "Worked on: 2026-03-02 09:00 to 09:33 UTC."
    )


def test_a_walk_that_two_people_shared_over_two_days() -> None:
    s = walked(
        session(SessionKind.PROPOSAL),
        step(1, "a", "Is it plugged in?", "yes"),
        command(Verb.NOTE, {"text": "Taken over."}, time=at(1500), user_id=BEN),
    )
    data = {
        "reason": "The part is not in stock.",
        "reason_category": "needs_purchase",
        "acting_as": "l1_coverage",
    }
    data_told = told(s, command(Verb.ESCALATE, data, time=at(1510), user_id=BEN))
    assert data_told.summary == (
        "L1 walk of ticket 48213: ESCALATED\n"
        "When: 2026-03-02 09:00 to 2026-03-03 10:10 UTC (25 h 10 min, of which 11 min active)\n"
        "Who: 2 technicians; started by technician 1 (L1 technician), "
        "ended by technician 2 (engineer covering L1)\n"
        "What: a draft flow (proposal): 1 step, 1 note\n"
        "\n"
        "REASON FOR ESCALATION\n"
        "The part is not in stock.\n"
        "Category: needs purchase\n"
        "\n"
        "STEPS\n"
        "1. [09:01] Is it plugged in?\n"
        "   -> yes\n"
        "\n"
        "NOTES\n"
        "- [2026-03-03 10:00, technician 2] Taken over."
    )
    assert data_told.customer_summary == (
        "Your request (ticket 48213) could not be resolved by first-line support and has been passed on.\n"
        "\n"
        "Worked on: 2026-03-02 09:00 to 2026-03-03 10:10 UTC."
    )


def test_a_session_born_escalated() -> None:
    data = {"ticket": TICKET | {"kind": "internal"}, "reason": "Server down.", "acting_as": "night_shift"}
    assert told(None, command(Verb.ESCALATE_WITHOUT_WALK, data)).summary == (
        "L1 walk of internal ticket 48213: ESCALATED\n"
        "When: 2026-03-02 09:00 UTC\n"
        "Who: technician acting as night shift\n"
        "What: escalated at once, nothing was walked\n"
        "\n"
        "REASON FOR ESCALATION\n"
        "Server down."
    )


@pytest.mark.parametrize(
    ("data", "ending"),
    [
        ({}, "None was given."),
        ({"reason": " "}, "None was given."),
        ({"reason": "Ticket merged."}, "Ticket merged."),
        ({"idle_since": at(1)}, "Nothing had happened since 2026-03-02 09:01 UTC."),
        (
            {"reason": "Swept.", "idle_since": at(1)},
            "Swept.\nNothing had happened since 2026-03-02 09:01 UTC.",
        ),
    ],
)
def test_an_abandoned_walk(data: dict[str, Any], ending: str) -> None:
    data_told = told(session(SessionKind.ADHOC), command(Verb.ABANDON, data, time=at(0.5)))
    assert data_told.summary == (
        "L1 walk of ticket 48213: ABANDONED\n"
        "When: 2026-03-02 09:00 UTC (30 s)\n"
        "Who: L1 technician\n"
        "What: free-form investigation\n"
        "\n"
        f"REASON FOR ABANDONING\n{ending}"
    )
    assert data_told.customer_summary == (
        "Your request (ticket 48213) was worked on, but is not resolved yet.\n"
        "\n"
        "Worked on: 2026-03-02 09:00 UTC."
    )


@pytest.mark.parametrize(
    ("minutes", "took"),
    [
        (0, ""),
        (0.5, " (30 s)"),
        (15, " (15 min)"),
        (59.9, " (59 min, of which 0 s active)"),
        (60, " (1 h, of which 0 s active)"),
        (125, " (2 h 5 min, of which 0 s active)"),
        (6000, " (100 h, of which 0 s active)"),
    ],
)
def test_how_long_it_took(minutes: float, took: str) -> None:
    text = told(session(), command(Verb.ABANDON, time=at(minutes))).summary
    assert text.splitlines()[1].endswith(f" UTC{took}")


def test_going_back_again_and_again() -> None:
    s = walked(
        session(),
        step(1, "a", "Is it on?", "no"),
        command(Verb.REWIND, {"node_id": "a"}, time=at(2)),
        step(3, "a", "Is it on?", "yes"),
        command(Verb.REWIND, {"node_id": "a"}, time=at(4)),
    )
    text = told(s, RESOLVE).summary
    assert "a published flow: 2 steps, went back 2 times\n" in text
    assert "\n   [09:02] Went back to step 1: Is it on?\n" in text
    assert "\n   [09:04] Went back to step 2: Is it on?" in text


@pytest.mark.parametrize(
    ("entry", "lines"),
    [
        (None, "1. (nothing recorded)"),
        ({}, "1. (nothing recorded)"),
        ([], "1. (nothing recorded)"),
        ("", "1. (nothing recorded)"),
        ("restart", "1. restart"),
        (7, "1. 7"),
        (False, "1. (nothing recorded)"),
        ([["a", 1], None], '1. [["a",1],null]'),
        ({"z": 1, "a": {"deep": []}}, '1. {"a":{"deep":[]},"z":1}'),
        ({"node_id": "a"}, "1. a\n   -> (no answer recorded)"),
        ({"answer": "yes"}, "1. (no question recorded)\n   -> yes"),
        ({"answer_label": "Yes"}, "1. (no question recorded)\n   -> Yes"),
        ({"question": "Is it?", "answer": True, "at": "10:00"}, "1. Is it?\n   -> true"),
        ({"question": ["Is", "it?"], "answer": 2}, '1. ["Is","it?"]\n   -> 2'),
        ({"node_id": 5, "answer": "5", "note": {"x": 1}}, '1. 5\n   -> 5\n   Note: {"x":1}'),
        (
            {"node_id": "a", "answer": "y", "at": "2026-03-02T11:00:00+02:00"},
            "1. [09:00] a\n   -> y",
        ),
        (
            {"node_id": "a", "answer": "y", "user_id": "someone", "at": 9},
            "1. [technician 2] a\n   -> y",
        ),
        ({"node_id": "a", "answer": "y", "user_id": {"id": 3}}, "1. a\n   -> y"),
        ({"kind": "rewind"}, "   Went back to an earlier step"),
        ({"kind": "rewind", "node_id": ["a"]}, '   Went back to ["a"]'),
        ({"kind": "other", "node_id": "a", "answer": "y"}, "1. a\n   -> y"),
        ("x" * 500, "1. " + "x" * 500),
        (["x" * 500], '1. ["' + "x" * 298 + " ..."),
    ],
)
def test_entries_of_any_shape_are_told(entry: Any, lines: str) -> None:
    text = told(session(walked_path=(entry,)), RESOLVE).summary
    assert text.split("\nSTEPS\n")[1] == lines


@pytest.mark.parametrize(
    ("note", "lines"),
    [
        (None, "- (nothing recorded)"),
        ({}, "- (nothing recorded)"),
        ("Called.", "- Called."),
        (12, "- 12"),
        ({"body": "Called."}, '- {"body":"Called."}'),
        ({"text": 12, "at": "2026-03-01T08:00:00Z"}, "- [2026-03-01 08:00] 12"),
        ({"text": "  "}, '- {"text":"  "}'),
        ([{"text": "Called."}], '- [{"text":"Called."}]'),
    ],
)
def test_notes_of_any_shape_are_told(note: Any, lines: str) -> None:
    text = told(session(walk_notes=(note,)), RESOLVE).summary
    assert text.split("\nNOTES\n")[1] == lines


def test_an_entry_nested_without_end_is_not_told() -> None:
    nested: Any = []
    for _ in range(100_000):
        nested = [nested]
    assert "\n1. [...]" in told(session(walked_path=(nested,)), RESOLVE).summary


def test_a_walk_without_end_is_cut_in_the_middle() -> None:
    entries = tuple({"node_id": f"n{n}", "question": f"Question {n}?" * 9, "answer": "y"} for n in range(500))
    notes = tuple({"text": f"Note {n}. " * 9} for n in range(300))
    text = told(session(walked_path=entries, walk_notes=notes), RESOLVE).summary

    steps, kept_notes = text.split("\nSTEPS\n")[1].split("\n\nNOTES\n")
    assert limits.SUMMARY_CHARS - 500 < len(text) <= limits.SUMMARY_CHARS
    assert steps.startswith("1. Question 0?")
    assert "\n500. Question 499?" in steps
    assert kept_notes.startswith("- Note 0.")
    assert "\n- Note 299." in kept_notes
    for part, noun, mark, count in (
        (steps, "steps", ". Question", 500),
        (kept_notes, "notes", "- Note", 300),
    ):
        [line] = [line for line in part.splitlines() if line.startswith("[... ")]
        kept = sum(mark in line for line in part.splitlines())
        assert line == f"[... {count - kept} {noun} left out ...]"
    assert "RESOLUTION\nLicence assigned.\n" in text


def test_few_notes_leave_the_room_to_the_steps() -> None:
    entries = tuple({"node_id": f"n{n}", "question": f"Question {n}?" * 9, "answer": "y"} for n in range(500))
    text = told(session(walked_path=entries, walk_notes=("Only one.",)), RESOLVE).summary
    assert text.endswith("\n\nNOTES\n- Only one.")
    assert limits.SUMMARY_CHARS - 500 < len(text) <= limits.SUMMARY_CHARS


def test_few_steps_leave_the_room_to_the_notes() -> None:
    entries = ({"node_id": "a", "question": "Is it on?", "answer": "no"},)
    notes = tuple({"text": f"Note {n}. " * 9} for n in range(900))
    text = told(session(walked_path=entries, walk_notes=notes), RESOLVE).summary
    assert "\n1. Is it on?\n   -> no\n" in text
    assert limits.SUMMARY_CHARS - 500 < len(text) <= limits.SUMMARY_CHARS


def test_long_texts_are_cut_with_a_word_on_how_much() -> None:
    note = {"text": "n" * 32_000}
    wish = command(Verb.RESOLVE, {"resolution_notes": "r" * 31_990 + "the end"}, time=at(1))
    data_told = told(session(walk_notes=(note,)), wish)
    assert len(data_told.summary) <= limits.SUMMARY_CHARS
    assert CUSTOMER_SUMMARY_CHARS - 60 < len(data_told.customer_summary) <= CUSTOMER_SUMMARY_CHARS
    assert data_told.customer_summary.startswith("Your request (ticket 48213) has been resolved.")
    assert data_told.customer_summary.endswith("the end\n\nWorked on: 2026-03-02 09:00 to 09:01 UTC.")
    assert data_told.summary.count(" characters left out ...]") == 2
    assert "r" * 10_000 in data_told.summary
    assert "the end\n\nNOTES\n- nnn" in data_told.summary


def test_the_client_reads_nothing_that_is_internal() -> None:
    s = walked(
        session(ticket_kind=TicketKind.INTERNAL),
        step(1, "secret-node", "Is the user lying?", "maybe", note="Surely."),
        command(Verb.NOTE, {"text": "Rude on the phone."}, time=at(2)),
    )
    endings = [
        command(Verb.RESOLVE, {"resolution_notes": "Done.", "helpful": False}, time=at(3)),
        command(Verb.ESCALATE, {"reason": "Cannot stand them.", "reason_category": "vip"}, time=at(3)),
        command(Verb.ABANDON, {"reason": "They hung up."}, time=at(3)),
    ]
    for wish in endings:
        text = told(s, wish).customer_summary
        for internal in (
            "secret",
            "lying",
            "maybe",
            "Surely",
            "Rude",
            "help?",
            "stand",
            "vip",
            "hung",
            "flow",
        ):
            assert internal not in text
