"""The checker: that it finds nothing where all is well, and each kind of difference where there is one."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from service.dev.simulation.check import Found, compare
from service.dev.simulation.expected import DeadLetter, Expected, Rejection
from service.dev.simulation.seen import Message, Seen

WALK = "6f1f7c52-6d0e-4b43-9a2e-0c1d7c0a4b11"
ACCOUNT = "1b5a3f0e-8c1d-4f5a-9a53-2b7f2f0d9c01"
AT = datetime(2026, 3, 2, 8, 15, tzinfo=UTC)
KEY = f"{ACCOUNT}/psa/481001"
ORIGIN = {"topic": b"l1.walk.commands", "partition": b"3", "offset": b"17"}


def expectation() -> Expected:
    expected = Expected()
    expected.sessions[WALK] = {
        "account_id": ACCOUNT, "status": "resolved", "version": 3, "started_at": AT,
        "path": [["step", "power", "no"], ["step", "cycle", "yes"]], "note_texts": ["Label says PRN-2F-03."],
    }  # fmt: skip
    expected.events["l1.walk.started.v1", WALK].append({"key": WALK, "sessionversion": 1})
    expected.events["l1.walk.resolved.v1", WALK].append(
        {
            "key": KEY, "sessionversion": 3, "ticket_id": "481001", "duration_seconds": 61.4, "time": AT,
            "summary": "Power-cycled it.", "path": expected.sessions[WALK]["path"],
            "note_texts": ["Label says PRN-2F-03."],
        }
    )  # fmt: skip
    expected.rejections[Rejection(WALK, "c-9", "invalid", ("data.text",))] += 1
    expected.dead_letters[DeadLetter(WALK.encode(), b"{", "unreadable")] += 1
    return expected


def row(**changes: Any) -> dict[str, Any]:
    path = [
        {"node_id": "power", "answer": "no", "kind": "step"},
        {"node_id": "cycle", "answer": "yes", "kind": "step"},
    ]
    return {
        "id": UUID(WALK), "account_id": UUID(ACCOUNT), "status": "resolved", "session_kind": "flow", "version": 3,
        "started_at": AT, "walked_path": path, "walk_notes": [{"text": "Label says PRN-2F-03."}], **changes,
    }  # fmt: skip


def event(kind: str, version: int | None, data: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": f"{kind}-{version}", "source": "/l1-walk-worker", "subject": WALK,
        "type": f"l1.walk.{kind}.v1", "time": "2026-03-02T08:15:00Z", "sessionversion": version, "data": data,
        **attributes,
    }  # fmt: skip


def resolved(**changes: Any) -> dict[str, Any]:
    return event(
        "resolved", 3,
        {
            "ticket": {"id": "481001", "kind": "psa"}, "walked_path": row()["walked_path"],
            "walk_notes": row()["walk_notes"], "duration_seconds": 61, "summary": "RESOLUTION\n  Power-cycled\n  it.",
            "customer_summary": "Power-cycled it.", **changes,
        },
    )  # fmt: skip


def rejected(**changes: Any) -> dict[str, Any]:
    data = {"reason": "invalid", "errors": [{"field": "data.text", "message": "blank"}], **changes}
    return event("command-rejected", 2, data, causationid="c-9")


def sent(topic: str, value: dict[str, Any], key: str = WALK) -> Message:
    return Message(topic, key.encode(), json.dumps(value).encode())


def letter(**changes: bytes) -> Message:
    headers = {**ORIGIN, **changes}
    named = tuple((f"x-walk-origin-{name}", value) for name, value in headers.items())
    named += (("x-walk-class", b"unreadable"), ("x-walk-error", b"no JSON object"))
    return Message("dead-letter", WALK.encode(), b"{", named)


STARTED = sent("lifecycle", event("started", 1, {}))
RESOLVED = sent("resolved", resolved(), KEY)
REJECTED = sent("rejected", rejected())
ALL = [STARTED, RESOLVED, REJECTED, letter()]


def differences(messages: list[Message] | None = None, rows: dict[str, Any] | None = None) -> list[str]:
    seen = Seen()
    for message in ALL if messages is None else messages:
        seen.add(message)
    return compare(expectation(), Found({WALK: row()} if rows is None else rows, seen)).differences


def test_nothing_differs_where_all_is_as_expected() -> None:
    assert differences() == []


def test_the_same_message_again_is_no_difference_and_counted() -> None:
    seen = Seen()
    for message in [*ALL, *ALL]:
        seen.add(message)
    report = compare(expectation(), Found({WALK: row()}, seen))
    assert report.differences == []
    assert report.again == len(ALL)
    assert report.events == {"started": 1, "resolved": 1}
    assert (report.rejections, report.dead_letters) == ({"invalid": 1}, 1)


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ({}, f"walk {WALK}: no row, expected status resolved"),
        ({WALK: row(), "another": row()}, "walk another: a row that nobody expected"),
        ({WALK: row(status="active")}, f"walk {WALK}: status is 'active', expected 'resolved'"),
        ({WALK: row(version=4)}, f"walk {WALK}: version is 4, expected 3"),
        (
            {WALK: row(walked_path=row()["walked_path"][:1])},
            f"walk {WALK}: path is [1:] [] of 1, expected [1:] [['step', 'cycle', 'yes']] of 2",
        ),
        (
            {WALK: row(walk_notes=[])},
            f"walk {WALK}: note_texts is [0:] [] of 0, expected [0:] ['Label says PRN-2F-03.'] of 1",
        ),
        (
            {WALK: row(started_at=AT.replace(minute=16))},
            f"walk {WALK}: started_at is 2026-03-02 08:16:00+00:00, expected 2026-03-02 08:15:00+00:00",
        ),
    ],
)
def test_a_row_that_differs(rows: dict[str, Any], line: str) -> None:
    assert differences(rows=rows) == [line]


def without(message: Message) -> list[Message]:
    return [one for one in ALL if one is not message]


def instead(message: Message, other: Message) -> list[Message]:
    return [other if one is message else one for one in ALL]


@pytest.mark.parametrize(
    ("messages", "line"),
    [
        (without(STARTED), "started came out 0 times, expected 1"),
        ([*ALL, sent("lifecycle", event("abandoned", 3, {}))], "abandoned came out 1 times, expected 0"),
        (
            [*ALL, sent("resolved", {**resolved(), "id": "other"}, KEY)],
            "resolved came out 2 times, expected 1",
        ),
        (
            instead(RESOLVED, RESOLVED._replace(key=WALK.encode())),
            f"resolved: key is '{WALK}', expected '{KEY}'",
        ),
        (instead(RESOLVED, RESOLVED._replace(topic="lifecycle")), "resolved is on the topic lifecycle"),
        (
            instead(RESOLVED, sent("resolved", resolved(duration_seconds=70), KEY)),
            "duration_seconds is 70, expected 61.4",
        ),
        (
            instead(RESOLVED, sent("resolved", resolved(summary="All."), KEY)),
            "summary is 'All.', expected 'Power-cycled it.'",
        ),
        (
            instead(
                RESOLVED, sent("resolved", resolved(customer_summary="Note: Label says PRN-2F-03."), KEY)
            ),
            "customer_summary tells the client a technician's note",
        ),
        (
            instead(RESOLVED, sent("resolved", resolved(walked_path=["odd"]), KEY)),
            "resolved is not as the contract has it",
        ),
        ([*ALL, RESOLVED._replace(value=b"{}")], "topic resolved: no event: no CloudEvent 1.0"),
        ([*ALL, RESOLVED._replace(value=None)], "topic resolved: no event: Expecting value"),
        ([*ALL, sent("resolved", resolved(more=1), KEY)], "event resolved-3: came again, and is another"),
        (
            [
                *ALL,
                sent("lifecycle", event("feedback-recorded", 5, {})),
                sent("lifecycle", event("abandoned", 4, {})),
            ],
            "abandoned of version 4 came after a later one on lifecycle",
        ),
        (
            without(REJECTED),
            f"rejection invalid of data.text for command c-9 of walk {WALK}: 0 came out, expected 1",
        ),
        (
            instead(REJECTED, sent("rejected", rejected(reason="stale_node"))),
            "rejection stale_node of data.text",
        ),
        (instead(REJECTED, REJECTED._replace(key=None)), f"command-rejected: key is None, expected {WALK}"),
        (ALL[:3], "dead letter (unreadable) with key"),
        ([*ALL, letter(offset=b"18")], "2 came out, expected 1"),
        ([*ALL[:3], letter(offset=b"")], "no header x-walk-origin-offset"),
        (
            [*ALL, letter()._replace(value=b"}")],
            "dead letter l1.walk.commands/3/17: came again, and is another",
        ),
    ],
)
def test_a_message_that_differs(messages: list[Message], line: str) -> None:
    assert any(line in difference for difference in differences(messages)), differences(messages)


def test_what_an_event_says_that_it_cut_is_not_compared() -> None:
    cut = resolved(
        truncated=["walked_path", "walk_notes", "summary"], walked_path=[], walk_notes=[], summary=""
    )
    assert differences(instead(RESOLVED, sent("resolved", cut, KEY))) == []


@pytest.mark.parametrize(
    ("totals", "found"),
    [
        ({"l1.walk.feedback-recorded.v1": 1}, []),
        ({"l1.walk.feedback-recorded.v1": 2}, ["1 events came out, expected 2"]),
    ],
)
def test_events_of_which_only_the_number_is_known(totals: dict[str, int], found: list[str]) -> None:
    seen = Seen()
    for message in [*ALL, sent("lifecycle", event("feedback-recorded", 4, {}))]:
        seen.add(message)
    expected = expectation()
    expected.totals.update(totals)
    lines = compare(expected, Found({WALK: row()}, seen)).differences
    assert [line.split(": ", 1)[1] for line in lines] == found


def test_a_difference_is_one_short_line() -> None:
    long: Callable[[str], dict[str, Any]] = lambda text: {WALK: row(status=text)}  # noqa: E731
    (line,) = differences(rows=long("x\n" * 5_000))
    assert "\n" not in line
    assert len(line) < 250
