"""What `walk demo` shows at its end."""

import io
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from rich.console import Console, RenderableType

from service.cli.views.demo import (
    SHOWN,
    differences_view,
    outlook_view,
    stay_view,
    summary_json,
    summary_view,
)
from service.dev.demo import Result, telling_walk
from service.dev.simulation.check import Found, Report
from service.dev.simulation.expected import Expected, Record, Traffic
from service.dev.simulation.seen import Seen

AT = datetime(2026, 3, 2, 8, 15, tzinfo=UTC)


def result(*differences: str) -> Result:
    expected = Expected(outcomes=Counter(accepted=1_500, duplicate=0, dead_lettered=1))
    report = Report(
        differences=list(differences),
        walks=Counter(resolved=3, active=1),
        kinds=Counter(adhoc=4),
        events=Counter(started=4, resolved=3),
        rejections=Counter(stale_node=1),
        dead_letters=1,
        again=0,
    )
    return Result(Traffic([Record(None, None)] * 1_501, expected), 0.5, report, None)


def shown(view: RenderableType) -> str:
    file = io.StringIO()
    Console(file=file, width=120).print(view, soft_wrap=True)
    return file.getvalue()


def test_the_summary_counts_and_says_that_all_is_well() -> None:
    told = shown(summary_view(result()))
    assert "1,501 commands in 0.5 s: 3,002 a second" in told
    assert "1,500 accepted, 1 dead-lettered" in told
    assert "3 resolved, 1 still open  (4 ad hoc)" in told
    assert "4 rows, 7 events, 1 rejection and 1 dead letter are exactly what had to come of it" in told


def test_differences_are_told_each_on_its_line_and_not_without_end() -> None:
    found = result(*(f"walk {number}: {'differs ' * 30}" for number in range(SHOWN + 2)))
    told = shown(summary_view(found))
    assert f"{SHOWN + 2} differences" in told
    assert "accepted" not in told, "what was meant to come of the commands is not what came of them"
    lines = shown(differences_view(found)).splitlines()
    assert len(lines) == SHOWN + 1
    assert lines[-1] == "… and 2 more: --json tells all"


def test_programs_get_all_of_it() -> None:
    told = summary_json(result("one", "two"), "memory", {"WALK_DATABASE_URL": "postgresql://x"})
    assert told["ok"] is False
    assert told["differences"] == ["one", "two"]
    assert (told["commands"], told["seconds"], told["commands_per_second"]) == (1_501, 0.5, 3_002.0)
    assert told["environment"] == {"WALK_DATABASE_URL": "postgresql://x"}
    assert "environment" not in summary_json(result(), "kafka", None)


def test_what_stays_up_is_told_to_be_pasted() -> None:
    told = shown(
        stay_view({"WALK_DATABASE_URL": "postgresql://x", "WALK_TOPIC_PARTITIONS": "4"}, "http://127.0.0.1:1")
    )
    assert "export WALK_DATABASE_URL=postgresql://x\n" in told
    assert "http://127.0.0.1:1/readyz" in told


def test_without_a_walk_to_show_the_way_on_is_shown_all_the_same() -> None:
    assert shown(outlook_view(result(), simulated=True)).strip().startswith("Where to look next")


def row(number: int, **changes: Any) -> dict[str, Any]:
    told = {
        "status": "resolved",
        "session_kind": "flow",
        "ticket_kind": "psa",
        "walked_path": [],
        "walk_notes": [],
    }
    return {"id": UUID(int=number), "resolved_at": AT, "last_step_at": AT, **told, **changes}


def chosen(*rows: dict[str, Any]) -> UUID | None:
    return telling_walk(Found({str(one["id"]): one for one in rows}, Seen()))


def test_the_walk_that_is_shown_is_a_resolved_one_with_something_to_tell() -> None:
    steps = [{"node_id": name, "kind": "step"} for name in "abc"] + [{"node_id": "a", "kind": "rewind"}]
    telling = row(2, walked_path=steps, walk_notes=[{"text": "By phone."}])
    later = {**telling, "id": UUID(int=3), "last_step_at": AT + timedelta(hours=1)}
    assert chosen(row(1), telling, later, row(4, ticket_kind="internal")) == UUID(int=2)
    assert chosen(row(1, status="active"), row(4, status="escalated")) is None
