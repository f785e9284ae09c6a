"""Given commands and expectations, as `walk demo --commands FILE --expected FILE` takes them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from service.dev.simulation.replayed import ReplayError, load

WALK, OTHER = "0b5a3f0e-8c1d-4f5a-9a53-2b7f2f0d9c01", "0b5a3f0e-8c1d-4f5a-9a53-2b7f2f0d9c02"
ACCOUNT = "6bd8d58d-dda0-518e-bbdf-5ec75227a77f"


def line(n: int, session: str, verb: str, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": f"c{n}", "source": "/helpdesk-log", "type": f"l1.walk.{verb}.v1",
        "subject": session, "time": "2012-04-05T07:48:31Z", "data": {"account_id": ACCOUNT, **data},
    }  # fmt: skip


LINES = [
    line(0, WALK, "start", ticket={"id": "Case 1", "kind": "psa"}, session_kind="flow"),
    line(1, OTHER, "escalate-without-walk", ticket={"id": "Case 2", "kind": "psa"}, reason="\u2028"),
    line(2, WALK, "step", node_id="wait", answer="x"),
    line(2, WALK, "step", node_id="wait", answer="x"),
    line(3, WALK, "resolve", resolution_notes="Done."),
]
EXPECTED = {
    "commands": 5,
    "sessions": {
        WALK: {"ticket_id": "Case 1", "status": "resolved", "nodes": ["wait"], "notes": 0,
               "resolved_at": "2012-04-05T07:48:31Z"},
        OTHER: {"ticket_id": "Case 2", "status": "escalated", "nodes": [], "notes": 0, "resolved_at": None},
    },
    "events": {"l1.walk.started.v1": 1, "l1.walk.resolved.v1": 1, "l1.walk.escalated.v1": 1},
}  # fmt: skip


def written(folder: Path, commands: str, expected: str) -> tuple[Path, Path]:
    (folder / "commands.jsonl").write_text(commands, encoding="utf-8")
    (folder / "expected.json").write_text(expected, encoding="utf-8")
    return folder / "commands.jsonl", folder / "expected.json"


def test_commands_and_expectations_are_read(tmp_path: Path) -> None:
    text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in LINES)
    traffic = load(*written(tmp_path, text, json.dumps(EXPECTED)))
    assert [record.key for record in traffic.records] == [one["subject"].encode() for one in LINES]
    assert b"".join((record.value or b"") + b"\n" for record in traffic.records) == text.encode()
    expected = traffic.expected
    assert expected.outcomes == {"accepted": 4, "duplicate": 1}
    assert expected.sessions[WALK]["version"] == 3
    assert expected.sessions[WALK]["account_id"] == ACCOUNT
    assert expected.sessions[WALK]["resolved_at"] == datetime(2012, 4, 5, 7, 48, 31, tzinfo=UTC)
    assert expected.totals == EXPECTED["events"]
    assert {place: len(events) for place, events in expected.events.items()} == {
        ("l1.walk.started.v1", WALK): 1,
        ("l1.walk.resolved.v1", WALK): 1,
        ("l1.walk.escalated.v1", OTHER): 1,
    }
    (resolved,) = expected.events["l1.walk.resolved.v1", WALK]
    assert (resolved["key"], resolved["nodes"]) == (f"{ACCOUNT}/psa/Case 1", ["wait"])


@pytest.mark.parametrize(
    ("commands", "expected", "says"),
    [
        ("{", "{}", "commands.jsonl, line 1: no JSON"),
        ("{}\n[]", "{}", "commands.jsonl, line 2: no JSON object"),
        ("{}", "]", "expected.json: no JSON"),
        ("{}", "{}", "do not fit each other"),
        (
            json.dumps(LINES[0]),
            json.dumps({"commands": 2, "sessions": {}, "events": {}}),
            "1 commands, 2 expected",
        ),
    ],
)
def test_what_is_wrong_is_told_in_one_line(tmp_path: Path, commands: str, expected: str, says: str) -> None:
    with pytest.raises(ReplayError) as error:
        load(*written(tmp_path, commands, expected))
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"none\.jsonl cannot be read: No such file or directory"):
        load(tmp_path / "none.jsonl", tmp_path / "none.json")
