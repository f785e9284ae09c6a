"""What `walk demo` shows at its end, for people and as JSON."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from service.cli.views.content import visible
from service.cli.views.session import session_view
from service.cli.words import count, duration
from service.dev.demo import Result
from service.dev.simulation.check import Report
from service.ops.walks import Told

SHOWN = 20
"""Differences that are told one by one."""

_WORDS = {"dead_lettered": "dead-lettered", "adhoc": "ad hoc", "ai_build": "AI-built", "active": "still open"}
_NEXT = (
    ("walk demo --stay", "the same again, and it stays up for you to look around"),
    ("walk demo --walks 15000", "100,000 commands, for the speed of a worker that is warm"),
    ("walk dev", "the embedded stack alone, for a worker and commands of your own"),
    ("walk --help", "everything else"),
    ("README.md", "how to begin: as upstream engineer, as connector engineer, as operator"),
)


def summary_view(result: Result) -> RenderableType:
    """Counts, and the verdict."""
    return Group(Text(), _figures(result), Text(), _verdict(result.report))


def differences_view(result: Result) -> Text:
    """The first differences, each on a line of its own: to be printed without wrapping."""
    differences = result.report.differences
    told = Text("\n".join(differences[:SHOWN]), style="bad")
    if len(differences) > SHOWN:
        told.append(f"\n… and {len(differences) - SHOWN:,} more: --json tells all", style="quiet")
    return told


def outlook_view(result: Result, *, simulated: bool) -> RenderableType:
    """One walk as it was walked, where the traffic was ours, and where to look next."""
    example = _example(result.example) if result.example is not None and simulated else ()
    return Group(Text(), *example, _next())


def stay_view(addresses: Mapping[str, str], url: str) -> RenderableType:
    """How to reach what stays up, to be pasted into another terminal."""
    return Group(
        Text(),
        Text("All of it stays up. In another terminal:", style="head"),
        *(Text(f"  export {name}={value}", style="name") for name, value in addresses.items()),
        Text.assemble(
            "then ", ("walk status", "name"), ", ", ("walk tail", "name"), ", ", ("walk send FILE", "name")
        ),
        Text.assemble("and over HTTP ", (f"{url}/metrics", "name"), ", ", (f"{url}/readyz", "name")),
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
        ("outcomes", _told(expected.outcomes) if not report.differences else ""),
        ("walks", f"{_told(report.walks)}  ({_told(report.kinds)})"),
        ("events", _told(report.events)),
        ("rejections", _told(report.rejections)),
    ):
        if told:
            table.add_row(Text(name, style="head"), Text(told))
    return table


def _verdict(report: Report) -> Text:
    if report.differences:
        return Text(
            f"✗ {count(len(report.differences), 'difference')} from what had to come of it", style="bad"
        )
    told = (
        f"{count(report.walks.total(), 'row')}, {count(report.events.total(), 'event')},"
        f" {count(report.rejections.total(), 'rejection')} and {count(report.dead_letters, 'dead letter')}"
        " are exactly what had to come of it: nothing lost, nothing twice, nothing else."
    )
    return Text.assemble(("✓ ", "good"), told)


def _example(told: Told) -> Iterator[RenderableType]:
    yield Text("One of these walks, as walk session shows it", style="head")
    yield Text()
    yield session_view(told)
    yield Text()
    yield Rule("for the client", align="left", style="quiet")
    yield Text(visible(told.customer_summary or "", keep="\n"))
    yield Text()


def _next() -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for command, purpose in _NEXT:
        table.add_row(Text(f"  {command}", style="name"), Text(purpose))
    return Group(Text("Where to look next", style="head"), table)


def _told(counts: Counter[str]) -> str:
    return ", ".join(
        f"{number:,} {_WORDS.get(name, name)}" for name, number in counts.most_common() if number
    )
