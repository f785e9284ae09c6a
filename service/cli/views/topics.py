"""`walk topics create` for people, and as JSON."""

from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from service.cli.words import count, duration
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
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("topic", overflow="fold")
    table.add_column("")
    table.add_column("how")
    for report in created.topics:
        state = "would be made" if dry_run and report.state is TopicState.MADE else report.state.value
        table.add_row(report.spec.name, Text(state, style=_STYLE[report.state]), _how(report))
    notes = [Text(_BY_MENTION, style="quiet")] if created.by_mention else []
    return Group(table, *notes, Text(_total(created, dry_run=dry_run)))


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
    return f"{name} is {_value(d.setting, d.found)}, wanted {_value(d.setting, d.wanted)}"


def _value(setting: str, value: str) -> str:
    if setting.endswith(".ms") and value.isdigit():
        return duration(int(value) / 1000)
    if setting.endswith(".bytes") and value.isdigit():
        return f"{int(value):,} bytes"
    return value


def _total(created: Created, *, dry_run: bool) -> str:
    states = [report.state for report in created.topics]
    made = count(states.count(TopicState.MADE), "topic")
    parts = [f"{made} {'to be made' if dry_run else 'made'}"]
    if there := states.count(TopicState.THERE):
        parts.append(f"{there} there already")
    if differ := states.count(TopicState.DIFFERS):
        parts.append(
            f"{differ} there already and otherwise than set: left as {'it is' if differ == 1 else 'they are'}"
        )
    return ", ".join(parts) + "."
