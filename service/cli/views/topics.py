"""`walk topics create` for people, and as JSON."""

from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from service.cli.views.table import table, wrapping
from service.cli.words import count, duration
from service.ops.growth import Growth
from service.ops.topic_specs import Difference, TopicReport, TopicState
from service.ops.topics import Created

_STYLE = {TopicState.MADE: "good", TopicState.THERE: "quiet", TopicState.DIFFERS: "warn"}
_NAMES = {
    "retention.ms": "retention",
    "delete.retention.ms": "retention of nulls",
    "max.message.bytes": "largest message",
    "message.timestamp.type": "timestamp",
    "cleanup.policy": "cleanup",
}
_BY_MENTION = "This broker takes no orders (an in-memory one): it makes what is mentioned, its own way."


def topics_view(created: Created, *, dry_run: bool) -> RenderableType:
    """A row a topic: what became of it, how it is, or what differs."""
    rows = wrapping(table("topic", ""), "how")
    for report in created.topics:
        state = "would be made" if dry_run and report.state is TopicState.MADE else report.state.value
        rows.add_row(report.spec.name, Text(state, style=_STYLE[report.state]), _how(report))
    notes = [Text(_BY_MENTION, style="quiet")] if created.by_mention else []
    return Group(rows, Text(), *notes, Text(_total(created, dry_run=dry_run)))


def growth_view(growth: Growth) -> Text:
    """What growing would do."""
    lines = [
        f"{name}: {number} partitions, then {growth.partitions}"
        if number < growth.partitions
        else f"{name}: has them"
        for name, number in growth.grown.items()
    ]
    lines += [f"{name}: stays at {number}" for name, number in growth.kept.items()]
    lines.append(f"{count(growth.sessions, 'session')} would find their home anew, with their next command.")
    return Text("\n".join(lines), style="quiet")


def grown_view(growth: Growth, sessions: int) -> Text:
    """What was done, and what is left to do."""
    return Text.assemble(
        ("✓ ", "good"),
        f"{growth.partitions} partitions; {count(sessions, 'session')} will find their home anew."
        " Now upstream may go on with producers that know them (restarted, or after their metadata.max.age.ms), and set"
        f" WALK_TOPIC_PARTITIONS={growth.partitions}.",
    )


def topics_json(created: Created, *, dry_run: bool) -> dict[str, Any]:
    """The topics, each with its state and what differs."""
    return {
        "dry_run": dry_run,
        "by_mention": created.by_mention,
        "topics": [
            {
                "topic": report.spec.name,
                "state": report.state.value,
                "partitions": report.spec.partitions,
                "config": dict(report.spec.config),
                "differences": [
                    {"setting": d.setting, "found": d.found, "wanted": d.wanted} for d in report.differences
                ],
            }
            for report in created.topics
        ],
    }


def _how(report: TopicReport) -> Text:
    if report.differences:
        return Text("; ".join(_difference(d) for d in report.differences), style="warn")
    config = report.spec.config
    kept = (
        "compacted"
        if "compact" in config["cleanup.policy"]
        else f"kept {_value('retention.ms', config['retention.ms'])}"
    )
    return Text(f"{count(report.spec.partitions, 'partition')}, {kept}", style="quiet")


def _difference(d: Difference) -> str:
    name = _NAMES.get(d.setting, d.setting)
    return f"{name} {_value(d.setting, d.found)}, not {_value(d.setting, d.wanted)}"


def _value(setting: str, value: str) -> str:
    if setting.endswith(".ms") and value.isdigit():
        return duration(int(value) / 1000)
    if setting.endswith(".bytes") and value.isdigit():
        return f"{int(value):,} bytes"
    return value


def _total(created: Created, *, dry_run: bool) -> str:
    states = [report.state for report in created.topics]
    made, there, differ = (
        states.count(state) for state in (TopicState.MADE, TopicState.THERE, TopicState.DIFFERS)
    )
    parts = [f"{count(made, 'topic')} {'to be made' if dry_run else 'made'}" if made else "nothing to make"]
    if there:
        parts.append(f"{there} there already")
    if differ:
        parts.append(f"{differ} there and not as the settings say: left so")
    return ", ".join(parts)
