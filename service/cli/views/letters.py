"""`walk dead-letters list` for people, and as JSON."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from service.cli.views.content import visible
from service.cli.views.table import cut, table, wrapping
from service.cli.words import count, duration, local
from service.ops.dead_letters import LetterGroup, LetterLine, State
from service.store.dead_letters import PARKED

WIDE_COLUMNS = 130
"""From this width on, ids are shown whole."""
_KINDS = {"open": "dead letter", "redriven": "redriven letter", "discarded": "discarded letter"}
_NEXT = (
    ("walk dead-letters show ID", "one of them, whole; the beginning of an id will do"),
    ("walk dead-letters redrive ID", "send it through again, once the cause is mended; --all: all of them"),
    ("walk dead-letters discard ID", "drop it: what it asked for will not happen"),
)


def letters_view(
    groups: Sequence[LetterGroup],
    lines: Sequence[LetterLine],
    width: int,
    state: State = "open",
    now: datetime | None = None,
) -> RenderableType:
    """What is wrong and how often, then the newest letters, then what can be done with them."""
    parked = all(group.letter_class == PARKED for group in groups)
    kind = "parked command" if groups and parked else _KINDS.get(state, "letter")
    if not groups:
        return Text(f"no {kind}s", style="good")
    total = sum(group.letters for group in groups)
    parts: list[RenderableType] = [
        Text.assemble((f"{count(total, kind)}, by what is wrong", "head"), _behind_all(groups)),
        groups_table(groups, now),
        Text(),
    ]
    if lines:
        newest = "the newest of them" if len(lines) == 1 else f"the newest {len(lines):,} of them"
        shown = newest if len(lines) < total else "all of them"
        digits = 36 if width >= WIDE_COLUMNS else 8
        listed = _open(lines, digits) if state == "open" else _settled(lines, digits)
        parts += [Text(shown, style="head"), listed, Text()]
    return Group(*parts, commands(*(_NEXT if state == "open" and not parked else _NEXT[:1])))


def _behind_all(groups: Sequence[LetterGroup]) -> Text:
    held, parked = sum(group.held for group in groups), sum(group.parked for group in groups)
    if not held:
        return Text()
    behind = f" with {count(parked, 'command')} parked" if parked else ""
    return Text(f"; {count(held, 'session')} held{behind}", style="head")


def groups_table(groups: Sequence[LetterGroup], now: datetime | None = None) -> Table:
    """A line a group, with the age of its oldest and newest; a column that would be empty is left out."""
    now = now or datetime.now(UTC)
    more = [name for name in ("parked", "again") if any(getattr(group, name) for group in groups)]
    numbers = ("count", *more, "oldest", "newest")
    rows = wrapping(table("count", "class", *numbers[1:], right=numbers), "reason")
    for group in groups:
        rows.add_row(
            f"{group.letters:,}",
            Text(group.letter_class, style="bad"),
            *(_number(getattr(group, name)) for name in more),
            _age(group.oldest, now),
            _age(group.newest, now),
            Text(visible(group.reason)),
        )
    return rows


def _open(lines: Sequence[LetterLine], digits: int) -> Table:
    names = ("parked", "attempts", "parked_behind")
    parked, again, behind = (any(getattr(line, name) for line in lines) for name in names)
    columns = ["id", "since", "from", "session"]
    columns += [name for name, shown in (("parked", parked), ("again", again), ("behind", behind)) if shown]
    rows = wrapping(table(*columns, right=("parked", "again")), "error")
    for line in lines:
        more = [_number(line.parked)] if parked else []
        more += [_number(line.attempts)] if again else []
        more += [short(line.parked_behind, digits)] if behind else []
        rows.add_row(
            Text(short(line.id, digits), style="name"),
            local(line.created_at),
            f"{line.partition}@{line.offset}",
            short(line.session_id, digits),
            *more,
            cut(visible(line.error)),
        )
    return rows


def _settled(lines: Sequence[LetterLine], digits: int) -> Table:
    rows = wrapping(table("id", "state", "at", "by", "outcome", "session"), "error")
    for line in lines:
        at = line.settled_at or line.created_at
        rows.add_row(
            Text(short(line.id, digits), style="name"),
            line.state,
            local(at),
            cut(visible(line.settled_by or "–")),
            outcome(line.outcome, line.outcome_reason) or "–",
            short(line.session_id, digits),
            cut(visible(line.error)),
        )
    return rows


def commands(*lines: tuple[str, str]) -> Table:
    """What can be typed, each with what it is for."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="name", no_wrap=True)
    grid.add_column(style="quiet")
    for command, purpose in lines:
        grid.add_row(command, purpose)
    return grid


def short(identity: object, digits: int = 8) -> str:
    """The beginning of an id; a dash where there is none."""
    return "–" if identity is None else str(identity)[:digits]


def outcome(name: str | None, reason: str | None) -> str:
    """`accepted`, `rejected (stale_node)`; nothing for none."""
    return f"{name} ({reason})" if reason else name or ""


def _number(number: int) -> str:
    return f"{number:,}" if number else ""


def _age(moment: datetime, now: datetime) -> str:
    """In its largest unit: `2 d`."""
    return " ".join(duration(max(0.0, (now - moment).total_seconds())).split()[:2])


def letters_json(
    groups: Sequence[LetterGroup], lines: Sequence[LetterLine], held_sessions: int
) -> dict[str, Any]:
    """The count of all, the groups, how many sessions are held in all, and the newest letters."""
    return {
        "count": sum(group.letters for group in groups),
        "parked": sum(group.parked for group in groups),
        "held_sessions": held_sessions,
        "groups": groups_json(groups),
        "letters": [line_json(line) for line in lines],
    }


def groups_json(groups: Sequence[LetterGroup]) -> list[dict[str, Any]]:
    """What is wrong and how often."""
    return [
        {
            "class": group.letter_class,
            "reason": group.reason,
            "count": group.letters,
            "held_sessions": group.held,
            "parked": group.parked,
            "failed_again": group.again,
            "oldest": group.oldest.isoformat(),
            "newest": group.newest.isoformat(),
        }
        for group in groups
    ]


def line_json(line: LetterLine) -> dict[str, Any]:
    """One letter, without what is in it."""
    return {
        "id": str(line.id),
        "class": line.letter_class,
        "error": line.error,
        "session_id": line.session_id and str(line.session_id),
        "origin": {"topic": line.topic, "partition": line.partition, "offset": line.offset},
        "created_at": line.created_at.isoformat(),
        "state": line.state,
        "attempts": line.attempts,
        "parked": line.parked,
        "parked_behind": line.parked_behind and str(line.parked_behind),
        "outcome": line.outcome,
        "outcome_reason": line.outcome_reason,
        "settled_by": line.settled_by,
        "settled_reason": line.settled_reason,
        "settled_at": line.settled_at and line.settled_at.isoformat(),
    }
