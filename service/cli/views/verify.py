"""`walk verify` for people, and as JSON."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from types import MappingProxyType
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from service.cli.views.content import visible
from service.cli.words import count, duration
from service.ops.verify import Finding, Kind, Place, Reason, Report, What

_KINDS: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.LOST: "lost",
        Kind.TWICE: "twice, or nobody asked for it",
        Kind.OUT_OF_ORDER: "out of order",
        Kind.DIFFERENT: "different",
    }
)
_WHATS: Mapping[What, str] = MappingProxyType(
    {
        What.SESSION: "session",
        What.INBOX: "inbox entry",
        What.EVENT: "event",
        What.DEAD_LETTER: "dead letter",
        What.DEAD_LETTER_MESSAGE: "message of a dead letter",
        What.HELD: "held session",
        What.RECORD: "record",
    }
)
_REASONS: Mapping[Reason, tuple[str, str]] = MappingProxyType(
    {
        Reason.START_OUT_OF_REACH: ("session", "its first commands are out of reach"),
        Reason.ERASED: ("session", "its account is gone"),
        Reason.ADOPTED: ("session", "upstream wrote it before us"),
        Reason.PROGRESS_SET: ("session", "walk progress set skipped or repeated its commands"),
        Reason.INBOX_RETENTION: ("inbox entry", "past its retention"),
        Reason.EVENT_RETENTION: ("event", "its topic may have removed it"),
        Reason.LETTER_RETENTION: ("dead letter", "past its retention"),
    }
)


def report_view(report: Report, examples: int) -> RenderableType:
    """The verdict, what was compared, what could not be, and of what is wrong some examples of each kind."""
    parts: list[RenderableType] = [_verdict(report), _figures(report)]
    if report.not_checkable:
        parts += [Text(), Text("not checkable", style="warn"), _not_checkable(report)]
    for kind, findings in groupby(sorted(report.findings, key=_order), key=lambda finding: finding.kind):
        number = report.differences[kind]
        parts += [Text(), Text(f"{_KINDS[kind]}: {number:,}", style="bad")]
        shown = list(findings)[:examples]
        parts += [Padding(_finding(finding), (0, 0, 0, 2)) for finding in shown]
        if number > len(shown):
            parts.append(
                Text(f"  and {number - len(shown):,} more: walk verify --json has them", style="quiet")
            )
    return Group(*parts)


def report_json(report: Report) -> dict[str, Any]:
    """All of it, under the names of docs/verify.md."""
    return {
        "clean": report.clean,
        "topic": report.topic,
        "at": report.at.isoformat(),
        "seconds": report.seconds,
        "commands": report.commands,
        "outcomes": dict(sorted(report.outcomes.items())),
        "compared": {
            "sessions": report.sessions,
            "inbox": report.inbox,
            "events": report.events,
            "dead_letters": report.dead_letters,
        },
        "again": report.again,
        "owed": report.owed,
        "not_checkable": {reason.value: report.not_checkable[reason] for reason in Reason},
        "differences": {
            "count": report.differences.total(),
            **{kind.value: report.differences[kind] for kind in Kind},
        },
        "findings": [_finding_json(finding) for finding in report.findings],
        "findings_left_out": report.differences.total() - len(report.findings),
        "partitions": [
            {
                "partition": part.partition,
                "begin_offset": part.begin,
                "next_offset": part.next_offset,
                "commands": part.folded,
                "whole": part.whole,
            }
            for part in report.partitions
        ],
    }


def _verdict(report: Report) -> Text:
    wrong = report.differences.total()
    told = f"{count(report.commands, 'command')} decided anew in {duration(report.seconds)}"
    if wrong:
        return Text.assemble(("✗ ", "bad"), (count(wrong, "difference"), "bad"), f", {told}")
    if not report.commands:
        return Text("– nothing to check: no command was handled", style="warn")
    return Text.assemble(("✓ ", "good"), ("no difference", "good"), f", {told}")


def _figures(report: Report) -> Table:
    figures = Table.grid(padding=(0, 2))
    figures.add_column(style="head", no_wrap=True)
    figures.add_column(justify="right", no_wrap=True)
    figures.add_column(style="quiet")
    for name, number, more in (
        ("sessions", report.sessions, ""),
        ("commands in the inbox", report.inbox, ""),
        ("events", report.events, ", ".join(_events(report))),
        ("dead letters", report.dead_letters, ""),
    ):
        figures.add_row(f"  {name}", f"{number:,}", more)
    return figures


def _events(report: Report) -> Iterator[str]:
    if report.again:
        yield f"{report.again:,} told again with the same bytes, which is allowed"
    if report.owed:
        yield f"{report.owed:,} still in the outbox"


def _not_checkable(report: Report) -> Table:
    rows = Table.grid(padding=(0, 2))
    rows.add_column(justify="right", no_wrap=True)
    rows.add_column()
    for reason, number in sorted(report.not_checkable.items(), key=lambda item: list(Reason).index(item[0])):
        what, why = _REASONS[reason]
        rows.add_row(f"  {count(number, what, _many(what))}", Text(why, style="quiet"))
    return rows


def _many(what: str) -> str:
    return f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"


def _order(finding: Finding) -> tuple[int, int]:
    return list(Kind).index(finding.kind), list(What).index(finding.what)


def _finding(finding: Finding) -> RenderableType:
    fields = f": {', '.join(finding.fields)}" if finding.fields else ""
    told = Text.assemble((_WHATS[finding.what], "head"), f"  {finding.text}{fields}")
    facts = Table.grid(padding=(0, 1))
    facts.add_column(style="quiet", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, fact in _facts(finding):
        facts.add_row(f"  {name}", fact)
    return Group(told, facts)


def _facts(finding: Finding) -> Iterator[tuple[str, str]]:
    if finding.session_id:
        yield "session", finding.session_id
    if finding.event_id:
        yield "event", visible(f"{finding.event_id}  {finding.event_type}")
    if finding.dead_letter_id:
        yield "dead letter", finding.dead_letter_id
    if finding.command or finding.command_id:
        named = " ".join(part for part in (finding.command_source, finding.command_id) if part)
        yield "command", visible("  ".join(part for part in (named, _place(finding.command)) if part))
    if finding.place:
        yield "where", _place(finding.place)


def _place(place: Place | None) -> str:
    if place is None:
        return ""
    partition = "" if place.partition < 0 else f" {place.partition}"
    return f"{place.topic}{partition}" + ("" if place.offset is None else f"@{place.offset}")


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind.value,
        "what": finding.what.value,
        "text": finding.text,
        "fields": list(finding.fields),
        "session_id": finding.session_id,
        "event": _named(id=finding.event_id, type=finding.event_type),
        "dead_letter_id": finding.dead_letter_id,
        "command": _named(source=finding.command_source, id=finding.command_id),
        "origin": _place_json(finding.command),
        "place": _place_json(finding.place),
    }


def _named(**parts: str | None) -> dict[str, str | None] | None:
    return parts if any(parts.values()) else None


def _place_json(place: Place | None) -> dict[str, Any] | None:
    if place is None:
        return None
    partition = None if place.partition < 0 else place.partition
    return {"topic": place.topic, "partition": partition, "offset": place.offset}
