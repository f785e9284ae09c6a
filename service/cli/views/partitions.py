"""`walk progress` for people, and as JSON."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from service.cli.views.content import visible
from service.cli.views.table import table, wrapping
from service.cli.words import count, duration, local
from service.ops.progress import Change, Plan, Report, Standing


def progress_view(report: Report, now: datetime | None = None) -> RenderableType:
    """A table a topic, what is amiss, and what was set by hand."""
    now = now or datetime.now(UTC)
    parts: list[RenderableType] = []
    for topic, standings in groupby(report.partitions, attrgetter("topic")):
        several = list(standings)
        parts += [Text(topic, style="head"), _partitions(several, now), *_astray(several), Text()]
    if report.changes:
        parts += [Text("set by hand", style="head"), _changes(report.changes, now), Text()]
    return Group(*parts[:-1])


def progress_json(report: Report) -> dict[str, Any]:
    """The partitions and the changes; `astray` is why a progress does not fit, null where it does."""
    return {
        "partitions": [
            {
                "topic": one.topic,
                "partition": one.partition,
                "next_offset": one.next_offset,
                "begin_offset": one.begin,
                "end_offset": one.end,
                "lag": one.lag,
                "epoch": one.epoch,
                "last_handled_at": one.last_handled_at and one.last_handled_at.isoformat(),
                "fits": one.astray is None,
                "astray": one.astray,
            }
            for one in report.partitions
        ],
        "changes": [
            change._asdict() | {"changed_at": change.changed_at.isoformat()} for change in report.changes
        ],
    }


def plan_view(plan: Plan, *, skipped: bool) -> Text:
    """What setting it would mean.

    Args:
        plan: what is wished.
        skipped: whether what is skipped are commands, else references.
    """
    return Text("\n".join(_meant(plan, "command" if skipped else "reference")), style="warn")


def done_view(plan: Plan, before: int | None) -> Text:
    """What was done, and what comes of it."""
    stood = "nothing handled yet" if before is None else f"{before:,}"
    return Text.assemble(
        ("✓ ", "good"),
        f"partition {plan.standing.partition} of {plan.standing.topic}: from {stood} to {plan.to_offset:,}."
        " A worker that holds it goes on from there within seconds; walk progress show tells.",
    )


def _meant(plan: Plan, what: str) -> Iterator[str]:
    at, to = plan.standing, plan.to_offset
    where = f"partition {at.partition} of {at.topic}"
    if at.astray is not None:
        yield f"{where} is stopped: {at.astray}."
        yield f"It would take what stands from {to:,} on as not handled yet, and ask no more for what is out of reach."
    begin, end = at.begin or 0, at.end or 0
    now = begin if at.next_offset is None else min(max(at.next_offset, begin), end)
    if to > now:
        yield f"Offsets {now:,} to {to - 1:,} would be skipped: up to {count(to - now, what)}, for good."
        yield _SKIPPED[what]
    elif to < now:
        yield f"Offsets {to:,} to {now - 1:,} would be read again: up to {count(now - to, what)}."
        yield _AGAIN[what]
    elif at.astray is None:
        yield f"{where} stands there already: nothing would be skipped, nothing read again."


_SKIPPED = {
    "command": "Their senders are told nothing; later commands of the same walks may be refused for want of them.",
    "reference": "What they tell of is not learned, and erasures among them are not done.",
}
_AGAIN = {
    "command": "Those that were handled are known by the inbox and change nothing; of a walk that ended longer ago "
    "than the inbox is kept, they are refused. Rejections are published again, with the same ids.",
    "reference": "That changes nothing, or repeats an erasure.",
}


def _partitions(standings: list[Standing], now: datetime) -> Table:
    columns = ("partition", "next", "begin", "end", "lag", "epoch", "handled ago")
    rows = wrapping(table(*columns, right=columns), "")
    for one in standings:
        handled = "never"
        if one.last_handled_at is not None:
            handled = duration(max(0.0, (now - one.last_handled_at).total_seconds()))
        told = "stopped" if one.astray else ""
        numbers = (one.next_offset, one.begin, one.end, one.lag, one.epoch)
        style = "bad" if one.astray else "warn" if one.lag else ""
        rows.add_row(str(one.partition), *map(_number, numbers), handled, told, style=style)
    return rows


def _number(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


def _astray(standings: list[Standing]) -> Iterator[Text]:
    for one in standings:
        if one.astray:
            yield Text(f"Partition {one.partition}: {one.astray}.", style="bad")


def _changes(changes: list[Change], now: datetime) -> Table:
    rows = wrapping(
        table("when", "topic", "partition", "from", "to", "by", right=("partition", "from", "to")), "why"
    )
    for change in changes:
        rows.add_row(
            local(change.changed_at, today=now),
            change.topic,
            str(change.partition),
            _number(change.from_offset),
            _number(change.to_offset),
            visible(change.changed_by),
            visible(change.reason),
        )
    return rows
