"""`walk status` for people, and as JSON."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from service.cli.words import count, duration
from service.ops.figures import PartitionLag, Status


def status_view(status: Status, now: datetime | None = None) -> RenderableType:
    """A line for each thing that may wait, then a table of the partitions."""
    summary = Table.grid(padding=(0, 2))
    for style, name, told in _summary(status):
        summary.add_row(Text("●", style=style), Text(name, style="head"), told)
    return Group(summary, Text(), _partitions(status, now or datetime.now(UTC)))


def status_json(status: Status) -> dict[str, Any]:
    """The figures under the names of design 10, and the partitions."""
    return {
        "topic": status.topic,
        "lag": {"messages": status.lag.messages, "seconds": status.lag.seconds},
        "outbox": {"count": status.outbox.count, "seconds": status.outbox.seconds},
        "dead_letters": {
            "count": status.dead_letters.count,
            "seconds": status.dead_letters.seconds,
            "by_class": dict(status.dead_letters.by_class),
        },
        "held_sessions": {
            "count": status.held_sessions.count,
            "seconds": status.held_sessions.seconds,
            "parked_commands": status.parked,
        },
        "partitions": [
            {
                "partition": p.partition,
                "next_offset": p.next_offset,
                "end_offset": p.end_offset,
                "messages": p.messages,
                "seconds": p.seconds,
                "last_handled_at": p.last_handled_at and p.last_handled_at.isoformat(),
                "fits": p.fits,
            }
            for p in status.lag.partitions
        ],
    }


def _summary(status: Status) -> Iterator[tuple[str, str, Text]]:
    lag, outbox, letters, held = status.lag, status.outbox, status.dead_letters, status.held_sessions
    yield _line("commands", lag.messages, "warn", f"waiting, the oldest for {duration(lag.seconds)}")
    yield _line("outbox", outbox.count, "warn", f"waiting, the oldest for {duration(outbox.seconds)}")
    classes = ", ".join(f"{n:,} {name}" for name, n in letters.by_class.items())
    yield _line(
        "dead letters",
        letters.count,
        "bad",
        f"({classes}), the oldest {duration(letters.seconds)} old",
        "dead-letters list",
    )
    parked = f", {count(status.parked, 'command')} parked" if status.parked else ""
    yield _line("held sessions", held.count, "bad", f"for up to {duration(held.seconds)}{parked}")
    astray = [str(p.partition) for p in lag.partitions if not p.fits]
    if astray:
        yield (
            "bad",
            "progress",
            Text(f"does not fit the topic: partition {', '.join(astray)} (see the worker's log)"),
        )


def _line(name: str, number: int, style: str, more: str, command: str = "") -> tuple[str, str, Text]:
    if not number:
        return "good", name, Text("none", style="quiet")
    told = Text.assemble((f"{number:,}", style), f" {more}")
    if command:
        told.append(f"  walk {command}", style="name")
    return style, name, told


def _partitions(status: Status, now: datetime) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, title=status.topic, title_justify="left", title_style="head"
    )
    for column in ("partition", "next", "end", "waiting", "oldest", "handled"):
        table.add_column(column, justify="right")
    for partition in status.lag.partitions:
        table.add_row(*_row(partition, now), style=_style(partition))
    return table


def _row(p: PartitionLag, now: datetime) -> tuple[str, ...]:
    handled = "never"
    if p.last_handled_at is not None:
        handled = f"{duration(max(0.0, (now - p.last_handled_at).total_seconds()))} ago"
    return (
        str(p.partition),
        "–" if p.next_offset is None else f"{p.next_offset:,}",
        f"{p.end_offset:,}",
        f"{p.messages:,}" if p.messages else "",
        duration(p.seconds) if p.messages else "",
        handled,
    )


def _style(p: PartitionLag) -> str:
    if not p.fits:
        return "bad"
    return "warn" if p.messages else ""
