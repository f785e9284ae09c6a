"""`walk dead-letters show` for people, and as JSON."""

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from l1_walk_contracts import DeadLetterClass
from service.cli.views.content import content_json, content_line, content_view, headers_json, visible
from service.cli.views.letters import commands, line_json, outcome, short
from service.cli.views.table import table
from service.cli.words import count, local
from service.ops.dead_letters import Letter, LetterLine

_REMEDIES = {
    DeadLetterClass.UNREADABLE: (
        "No session waits for it. Its sender has to send what was meant again; then discard this one."
        " Redrive it only where a newer worker can read it."
    ),
    DeadLetterClass.UNSUPPORTED: (
        "A worker that knows the type redrives it by itself: deploy one. Discard it where the type is a mistake of"
        " its sender."
    ),
    DeadLetterClass.FAILED: (
        "The worker failed on it, so the mistake is the worker's: deploy one that has it mended, then redrive."
    ),
}


def letter_view(letter: Letter) -> RenderableType:
    """All of one letter, and what can be done about it."""
    line = letter.line
    parts: list[RenderableType] = [Text(f"dead letter {line.id}", style="head"), _grid(_facts(letter))]
    if letter.behind:
        title = f"parked behind it: {count(line.parked, 'command')} of the session"
        parts += [Rule(title, align="left", style="quiet"), _behind(letter)]
    if letter.headers:
        parts += [Rule("headers", align="left", style="quiet"), _headers(letter)]
    parts += [Rule("value", align="left", style="quiet"), content_view(letter.value)]
    if line.state == "open":
        parts += [Rule("what can be done", align="left", style="quiet"), *_remedy(line)]
    return Group(*parts)


def _grid(facts: Iterator[tuple[str, RenderableType]]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="head", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, told in facts:
        grid.add_row(name, told)
    return grid


def _facts(letter: Letter) -> Iterator[tuple[str, RenderableType]]:
    line = letter.line
    recorded = "" if letter.record_timestamp is None else f", written {local(letter.record_timestamp)}"
    yield "error", Text.assemble((line.letter_class, "bad"), f"  {visible(line.error)}")
    yield "state", _state(line)
    if line.settled_reason:
        yield "why", Text(visible(line.settled_reason))
    yield "from", f"{line.topic}, partition {line.partition}, offset {line.offset:,}{recorded}"
    yield "key", content_line(letter.key)
    if line.session_id:
        yield "session", str(line.session_id)
    if letter.account_id:
        yield "account", str(letter.account_id)
    if line.parked_behind:
        yield "behind", str(line.parked_behind)
    if letter.value is not None:
        yield "size", f"{len(letter.value):,} bytes"


def _state(line: LetterLine) -> Text:
    again = f", redriven {count(line.attempts, 'time')} and failed again" if line.attempts else ""
    if line.state == "open" or line.settled_at is None:
        return Text(f"{line.state}, since {local(line.created_at)}{again}")
    told = Text(f"{line.state} {local(line.settled_at)}", style="good" if line.state == "redriven" else "")
    told.append(f" by {visible(line.settled_by or 'nobody')}", style="default")
    if line.outcome:
        told.append(f": {outcome(line.outcome, line.outcome_reason)}", style="default")
    return told.append(f"; put aside {local(line.created_at)}{again}", style="default")


def _behind(letter: Letter) -> RenderableType:
    rows = table("id", "since", "from")
    for line in letter.behind:
        rows.add_row(
            Text(short(line.id), style="name"), local(line.created_at), f"{line.partition}@{line.offset}"
        )
    left = letter.line.parked - len(letter.behind)
    return Group(rows, Text(f"and {left:,} more", style="quiet")) if left > 0 else rows


def _headers(letter: Letter) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="name", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, content in letter.headers:
        grid.add_row(Text(visible(name)), content_line(content))
    return grid


def _remedy(line: LetterLine) -> Iterator[RenderableType]:
    if line.parked_behind is not None:
        yield Text("Nothing is wrong with it: it follows by itself once the one before it is settled.")
        yield commands((f"walk dead-letters show {short(line.parked_behind)}", "what it waits for"))
        return
    yield Text(_REMEDIES.get(line.letter_class, ""))  # type: ignore[call-overload]
    following = f", and what is parked behind it ({line.parked:,})" if line.parked else ""
    left = f"; what is parked behind it runs ({line.parked:,})" if line.parked else ""
    yield commands(
        (f"walk dead-letters redrive {short(line.id)}", f"runs it again{following}"),
        (f"walk dead-letters discard {short(line.id)} --why TEXT", f"drops it{left}"),
    )


def letter_json(letter: Letter) -> dict[str, Any]:
    """All of one letter; bytes that are no UTF-8 text as `{"base64": ...}`."""
    return {
        **line_json(letter.line),
        "account_id": letter.account_id and str(letter.account_id),
        "record_timestamp": letter.record_timestamp and letter.record_timestamp.isoformat(),
        "key": content_json(letter.key),
        "headers": headers_json(letter.headers),
        "value": content_json(letter.value),
        "behind": [line_json(line) for line in letter.behind],
    }
