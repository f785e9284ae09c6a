"""What `walk demo` shows at its end, for people and as JSON."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from service.cli.words import count, duration
from service.dev.demo import Example, Result

SHOWN = 20
"""Differences that are told one by one."""

_WORDS = {"dead_lettered": "dead-lettered", "adhoc": "ad hoc", "ai_build": "AI-built", "active": "still open"}
_NEXT = (
    (
        "walk demo --stay",
        "the same again, and it stays up: look at it with walk tail, walk session, walk status",
    ),
    ("walk dev", "the embedded stack alone, for a worker and commands of your own"),
    ("walk --help", "everything else"),
    ("README.md", "how to begin: as upstream engineer, as connector engineer, as operator"),
)


def summary_view(result: Result, *, simulated: bool) -> RenderableType:
    """Counts, the verdict, one walk as it was walked, and where to look next."""
    parts: list[RenderableType] = [Text(), _figures(result), Text(), _verdict(result)]
    if result.example is not None and simulated and not result.report.differences:
        parts += [Text(), *_example(result.example)]
    return Group(*parts, Text(), _next())


def stay_view(addresses: Mapping[str, str], url: str) -> RenderableType:
    """How to reach what stays up, to be pasted into another terminal."""
    lines = [Text(f"export {name}={value}", style="name") for name, value in addresses.items()]
    return Group(
        Text(),
        Text("All of it stays up. In another terminal:", style="head"),
        *lines,
        Text(f"{url}/metrics, {url}/readyz", style="quiet"),
        Text("Ctrl-C ends it and leaves nothing behind.", style="head"),
    )


def summary_json(result: Result, broker: str, addresses: Mapping[str, str] | None) -> dict[str, Any]:
    """The figures and all differences; `environment` where the stack stays up."""
    report = result.report
    told = {
        "ok": not report.differences,
        "broker": broker,
        "commands": len(result.traffic.records),
        "seconds": round(result.seconds, 3),
        "commands_per_second": round(result.commands_per_second, 1),
        "outcomes": dict(result.traffic.expected.outcomes),
        "walks": dict(report.walks),
        "session_kinds": dict(report.kinds),
        "events": dict(report.events),
        "rejections": dict(report.rejections),
        "dead_letters": report.dead_letters,
        "seen_again": report.again,
        "differences": report.differences,
    }
    return told | ({"environment": dict(addresses)} if addresses else {})


def _figures(result: Result) -> RenderableType:
    report, expected = result.report, result.traffic.expected
    commands = count(len(result.traffic.records), "command")
    rate = f"{commands} in {duration(result.seconds)}: {result.commands_per_second:,.0f} a second, end to end"
    table = Table.grid(padding=(0, 2))
    for name, told in (
        ("sent", rate),
        ("outcomes", _told(expected.outcomes)),
        ("walks", f"{_told(report.walks)}  ({_told(report.kinds)})"),
        ("events", _told(report.events)),
        ("rejections", _told(report.rejections)),
    ):
        table.add_row(Text(name, style="head"), Text(told or "none"))
    return table


def _verdict(result: Result) -> RenderableType:
    report = result.report
    if not report.differences:
        events, rejections = report.events.total(), report.rejections.total()
        told = (
            f"{count(report.walks.total(), 'row')}, {count(events, 'event')}, {count(rejections, 'rejection')} and"
            f" {count(report.dead_letters, 'dead letter')} are exactly what had to come of it: nothing lost, nothing"
            " twice, nothing else."
        )
        return Text.assemble(("✓ ", "good"), told)
    lines = [Text(line, style="bad") for line in report.differences[:SHOWN]]
    more = len(report.differences) - SHOWN
    if more > 0:
        lines.append(Text(f"… and {more:,} more: --json tells all", style="quiet"))
    title = f"✗ {count(len(report.differences), 'difference')} from what had to come of it"
    return Group(Text(title, style="bad"), *lines)


def _example(example: Example) -> Iterator[RenderableType]:
    row = example.row
    title = f"One of these walks: ticket {row['ticket_id']}, {row['session_kind']}, {row['status']}"
    yield Text.assemble((title, "head"), (f"  walk session {row['id']}", "quiet"))
    yield Padding(_timeline(row), (0, 0, 0, 2), expand=False)
    yield Text("What a PSA connector writes into the ticket:", style="head")
    yield Padding(
        Panel.fit(Text(str(example.event["summary"])), border_style="quiet"), (0, 0, 0, 2), expand=False
    )
    yield Text("What the client may read:", style="head")
    yield Padding(
        Panel.fit(Text(str(example.event["customer_summary"])), border_style="quiet"),
        (0, 0, 0, 2),
        expand=False,
    )


def _timeline(row: Mapping[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2))
    asked = {
        entry["node_id"]: entry.get("question", "") for entry in row["walked_path"] if entry["kind"] == "step"
    }
    entries = [(datetime.fromisoformat(entry["at"]), *_deed(entry, asked)) for entry in row["walked_path"]]
    entries += [(datetime.fromisoformat(n["at"]), "note", n["text"], "") for n in row["walk_notes"]]
    entries.append((row["resolved_at"], "resolved", row["resolution_notes"], ""))
    for at, deed, text, answer in sorted(entries, key=lambda entry: entry[0]):
        told = Text.assemble(text, (f"  {answer}" if answer else "", "good"))
        table.add_row(Text(f"{at:%H:%M:%S}", style="quiet"), Text(deed, style="name"), told)
    return table


def _deed(entry: Mapping[str, Any], asked: Mapping[str, str]) -> tuple[str, str, str]:
    question = asked[entry["node_id"]] or entry["node_id"]
    if entry["kind"] == "rewind":
        return "back to", question, ""
    return "step", question, entry.get("answer_label", entry["answer"])


def _next() -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for command, purpose in _NEXT:
        table.add_row(Text(f"  {command}", style="name"), Text(purpose))
    return Group(Text("Where to look next", style="head"), table)


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{number:,} {_WORDS.get(name, name)}" for name, number in counts.most_common())
