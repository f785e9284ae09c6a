"""`walk dead-letters` for people, and as JSON."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from service.cli.views.content import content_json, content_line, content_view, headers_json, visible
from service.cli.views.table import cut, table, wrapping
from service.cli.words import count, duration, local
from service.ops.dead_letters import Letter, LetterGroup, LetterLine

WIDE_COLUMNS = 110
"""From this width on, ids are shown whole."""


def letters_view(
    groups: Sequence[LetterGroup], lines: Sequence[LetterLine], width: int, now: datetime | None = None
) -> RenderableType:
    """What is wrong and how often, then the newest letters."""
    if not groups:
        return Text("no dead letters", style="good")
    now = now or datetime.now(UTC)
    total = sum(group.letters for group in groups)
    newest = "the newest of them" if len(lines) == 1 else f"the newest {len(lines):,} of them"
    shown = newest if len(lines) < total else "all of them"
    parts: list[RenderableType] = [
        Text(f"{count(total, 'dead letter')}, by what is wrong", style="head"),
        _groups(groups, now),
        Text(),
    ]
    if lines:
        parts += [Text(shown, style="head"), _lines(lines, whole_ids=width >= WIDE_COLUMNS), Text()]
    return Group(
        *parts, Text("walk dead-letters show ID shows one; the beginning of an id will do", style="quiet")
    )


def _groups(groups: Sequence[LetterGroup], now: datetime) -> Table:
    rows = wrapping(
        table("count", "class", "oldest", "newest", right=("count", "oldest", "newest")), "reason"
    )
    for group in groups:
        rows.add_row(
            f"{group.letters:,}",
            Text(group.letter_class, style="bad"),
            _age(group.oldest, now),
            _age(group.newest, now),
            Text(visible(group.reason)),
        )
    return rows


def _lines(lines: Sequence[LetterLine], *, whole_ids: bool) -> Table:
    digits = 36 if whole_ids else 8
    rows = wrapping(table("id", "since", "from", "session"), "error")
    for line in lines:
        rows.add_row(
            Text(str(line.id)[:digits], style="name"),
            local(line.created_at),
            f"{line.partition}@{line.offset}",
            "–" if line.session_id is None else str(line.session_id)[:digits],
            cut(visible(line.error)),
        )
    return rows


def letter_view(letter: Letter) -> RenderableType:
    """All of one letter."""
    line = letter.line
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="head", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, told in _facts(letter):
        facts.add_row(name, told)
    parts: list[RenderableType] = [Text(f"dead letter {line.id}", style="head"), facts]
    if letter.headers:
        parts += [Rule("headers", align="left", style="quiet"), _headers(letter)]
    parts += [Rule("value", align="left", style="quiet"), content_view(letter.value)]
    return Group(*parts)


def _facts(letter: Letter) -> list[tuple[str, RenderableType]]:
    line = letter.line
    recorded = "" if letter.record_timestamp is None else f", written {local(letter.record_timestamp)}"
    size = "" if letter.value is None else f"{len(letter.value):,} bytes"
    facts: list[tuple[str, RenderableType]] = [
        ("error", Text.assemble((line.letter_class, "bad"), f"  {visible(line.error)}")),
        ("state", f"{letter.state}, since {local(line.created_at)}"),
        ("from", f"{line.topic}, partition {line.partition}, offset {line.offset:,}{recorded}"),
        ("key", content_line(letter.key)),
    ]
    if line.session_id:
        facts.append(("session", str(line.session_id)))
    if letter.account_id:
        facts.append(("account", str(letter.account_id)))
    if line.parked_behind:
        facts.append(("behind", str(line.parked_behind)))
    return [*facts, ("size", size)] if size else facts


def _headers(letter: Letter) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="name", no_wrap=True)
    table.add_column(overflow="fold")
    for name, content in letter.headers:
        table.add_row(Text(visible(name)), content_line(content))
    return table


def letters_json(groups: Sequence[LetterGroup], lines: Sequence[LetterLine]) -> dict[str, Any]:
    """The count of all, the groups, and the newest letters."""
    return {
        "count": sum(group.letters for group in groups),
        "groups": [
            {
                "class": group.letter_class,
                "reason": group.reason,
                "count": group.letters,
                "oldest": group.oldest.isoformat(),
                "newest": group.newest.isoformat(),
            }
            for group in groups
        ],
        "letters": [_line_json(line) for line in lines],
    }


def letter_json(letter: Letter) -> dict[str, Any]:
    """All of one letter; bytes that are no UTF-8 text as `{"base64": ...}`."""
    return {
        **_line_json(letter.line),
        "state": letter.state,
        "account_id": letter.account_id and str(letter.account_id),
        "record_timestamp": letter.record_timestamp and letter.record_timestamp.isoformat(),
        "key": content_json(letter.key),
        "headers": headers_json(letter.headers),
        "value": content_json(letter.value),
    }


def _line_json(line: LetterLine) -> dict[str, Any]:
    return {
        "id": str(line.id),
        "class": line.letter_class,
        "error": line.error,
        "session_id": line.session_id and str(line.session_id),
        "origin": {"topic": line.topic, "partition": line.partition, "offset": line.offset},
        "created_at": line.created_at.isoformat(),
        "parked_behind": line.parked_behind and str(line.parked_behind),
    }


def _age(moment: datetime, now: datetime) -> str:
    return f"{duration(max(0.0, (now - moment).total_seconds()))} ago"
