"""`walk status` for people, and as JSON."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from service.cli.views.table import table
from service.cli.words import count, duration
from service.ops.figures import PartitionLag, Status


def status_view(status: Status, now: datetime | None = None) -> RenderableType:
    """A line for each thing that may wait, then a table of the partitions."""
    summary = Table.grid(padding=(0, 2))
    for style, name, told in _summary(status):
        summary.add_row(Text("●", style=style), Text(name, style="head"), told)
    partitions = _partitions(status, now or datetime.now(UTC))
    return Group(summary, *_hints(status), Text(), Text(status.topic, style="head"), partitions)


def status_json(status: Status) -> dict[str, Any]:
    """The figures under the names of design 10, and the partitions."""
    return {
        "topic": status.topic,
        "workers": status.workers,
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
    yield _workers(status.workers)
    yield _line("commands", lag.messages, "warn", f"waiting, the oldest for {duration(lag.seconds)}")
    yield _line("outbox", outbox.count, "warn", f"waiting, the oldest for {duration(outbox.seconds)}")
    classes = ", ".join(f"{n:,} {name}" for name, n in letters.by_class.items())
    yield _line(
        "dead letters", letters.count, "bad", f"({classes}), the oldest {duration(letters.seconds)} old"
    )
    parked = f", {count(status.parked, 'command')} parked" if status.parked else ""
    yield _line("held sessions", held.count, "bad", f"for up to {duration(held.seconds)}{parked}")


def _workers(number: int | None) -> tuple[str, str, Text]:
    if number is None:
        return "warn", "workers", Text("unknown: the brokers do not tell of the consumer group", style="warn")
    if not number:
        none = Text.assemble(("none", "bad"), " in the consumer group: walk worker starts one")
        return "bad", "workers", none
    return "good", "workers", Text(f"{number:,}")


def _line(name: str, number: int, style: str, more: str) -> tuple[str, str, Text]:
    if not number:
        return "good", name, Text("none", style="quiet")
    return style, name, Text.assemble((f"{number:,}", style), f" {more}")


def _hints(status: Status) -> Iterator[Text]:
    astray = [str(p.partition) for p in status.lag.partitions if not p.fits]
    if astray:
        which = f"partition {astray[0]}" if len(astray) == 1 else f"partitions {', '.join(astray)}"
        yield Text(f"The progress of {which} lies outside of what the topic holds.", style="bad")
    if status.dead_letters.count:
        yield Text("walk dead-letters list shows what is wrong, and what can be done about it", style="quiet")


def _partitions(status: Status, now: datetime) -> Table:
    columns = ("partition", "next", "end", "waiting", "oldest", "handled ago")
    rows = table(*columns, right=columns)
    for partition in status.lag.partitions:
        rows.add_row(*_row(partition, now), style=_style(partition))
    return rows


def _row(p: PartitionLag, now: datetime) -> tuple[str, ...]:
    handled = "never"
    if p.last_handled_at is not None:
        handled = duration(max(0.0, (now - p.last_handled_at).total_seconds()))
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
