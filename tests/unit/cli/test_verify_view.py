"""`walk verify`: the verdict in one line, what is wrong by its kind with ids, and what could not be checked."""

from collections import Counter
from datetime import UTC, datetime

from service.cli.views.verify import report_json, report_view
from service.ops.verify import Finding, Kind, PartitionReach, Place, Reason, Report, What
from tests.support.terminal import rendered

SESSION = "a2f36340-6201-5d7d-b544-ac841a9d1e7a"
EVENT = "da0af186-6391-50a1-8d4d-555aedec29c3"


def a_report(*findings: Finding, **more: object) -> Report:
    report = Report("l1.walk.commands", datetime.now(UTC), seconds=1.46, sessions=3_643, inbox=15_360)
    report.partitions = (PartitionReach(0, 0, 15_360, 15_360, whole=True),)
    report.events, report.outcomes = 7_276, Counter(accepted=15_360)
    for name, value in more.items():
        setattr(report, name, value)
    for finding in findings:
        report.add(finding)
    return report


def test_clean_is_short() -> None:
    assert rendered(report_view(a_report(again=12, owed=1), 5)) == (
        "✓ no difference, 15,360 commands decided anew in 1.5 s\n"
        "  sessions                3,643\n"
        "  commands in the inbox  15,360\n"
        "  events                  7,276  12 told again with the same bytes, which is\n"
        "                                 allowed, 1 still in the outbox\n"
        "  dead letters                0\n"
    )


def test_nothing_checked_is_not_called_clean() -> None:
    assert rendered(report_view(a_report(partitions=()), 5)).startswith("– nothing to check")


def test_what_is_not_checkable_is_told_with_its_reason() -> None:
    counted = Counter({Reason.ERASED: 1, Reason.INBOX_RETENTION: 2})
    told = rendered(report_view(a_report(not_checkable=counted), 5))
    assert "not checkable\n        1 session  its account is gone\n" in told
    assert "2 inbox entries  past its retention\n" in told


def test_what_is_wrong_is_told_by_kind_with_ids_and_some_examples() -> None:
    lost = Finding(
        Kind.LOST,
        What.EVENT,
        "it was never told",
        session_id=SESSION,
        event_id=EVENT,
        event_type="l1.walk.resolved.v1",
        command_source="/test",
        command_id="c1",
        command=Place("l1.walk.commands", 3, 17),
        place=Place("l1.walk.resolved", -1, None),
    )
    differs = Finding(
        Kind.DIFFERENT, What.SESSION, "its row is not so", session_id=SESSION, fields=("status", "version")
    )
    report = a_report(differs, lost, lost, lost)
    told = rendered(report_view(report, 2), 110)
    assert told.startswith("✗ 4 differences, 15,360 commands")
    assert told.index("lost: 3") < told.index("different: 1")
    assert "and 1 more: walk verify --json has them" in told
    assert "  session  its row is not so: status, version\n" in told
    assert "command /test c1  l1.walk.commands 3@17\n" in told
    assert "where   l1.walk.resolved\n" in told
    made = report_json(report)
    assert made["differences"] == {"count": 4, "lost": 3, "twice": 0, "out_of_order": 0, "different": 1}
    assert made["findings"][1]["place"] == {"topic": "l1.walk.resolved", "partition": None, "offset": None}
    assert made["findings"][0]["event"] is None
    assert set(made["not_checkable"]) == {reason.value for reason in Reason}
