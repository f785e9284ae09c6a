"""`walk send`."""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.options import Json
from service.cli.tree import examples

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from service.ops.command_lines import Line
    from service.ops.sending import Sent
    from service.settings import Settings

EPILOG = examples(
    ("walk send commands.jsonl", "a file: the whole of it is checked before the first line is sent"),
    ("my-exporter | walk send", "a pipe: each line is checked and sent as it comes"),
    ("walk send --no-check odd.jsonl", "whatever it is, to see what the worker makes of it"),
)
_STDIN = Path("-")
_TOLD_EVERY = 1000


def send(
    file: Annotated[
        Path, typer.Argument(metavar="FILE|-", help="Commands, one a line; - or nothing: standard input.")
    ] = _STDIN,
    no_check: Annotated[
        bool, typer.Option("--no-check", metavar="", help="Send every line, whatever is in it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Publish commands, one CloudEvent a line.

    A line is a CloudEvent as JSON, in structured mode. It is checked against the contracts before it is sent. The
    record's key is the session id, and the partition is the one that Kafka's own clients choose (murmur2). Sending
    the same file again does no harm: the worker knows a command by its source and id.
    """
    from service.cli import screen
    from service.cli.words import count, duration
    from service.settings import load

    settings, began = load(), time.monotonic()
    sent = asyncio.run(_send(settings, file, check=not no_check))
    seconds = round(time.monotonic() - began, 3)
    if as_json:
        screen.json_line(
            {"topic": sent.topic, "sent": sent.lines, "sessions": len(sent.keys), "seconds": seconds}
        )
    else:
        told = f"sent {count(sent.lines, 'command')} of {count(len(sent.keys), 'session')} to {sent.topic}"
        screen.out().print(f"{told} in {duration(seconds)}", style="good")


async def _send(settings: "Settings", file: Path, *, check: bool) -> "Sent":
    from l1_walk_contracts.topics import Topics
    from service.cli.lines import file_lines, patiently, pipe_lines
    from service.cli.progress import LateBar
    from service.ops.sending import Sent, send

    sent = Sent(Topics(settings.topic_prefix).commands)
    if file == _STDIN:
        lines, total = pipe_lines(sys.stdin.fileno()), None
        if check:
            lines = _checked(lines)
    else:
        lines, total = patiently(file_lines(file)), _look_through(file, check=check)
    with LateBar("sending", total) as bar, _told_how_far(sent, check=check):
        await send(settings, lines, sent, bar.at)
    return sent


def _look_through(file: Path, *, check: bool) -> int:
    """How many lines there are to send; nothing is sent where one of them is wrong."""
    from service.cli.exits import CommandError
    from service.cli.lines import file_lines
    from service.cli.progress import LateBar
    from service.ops import command_lines

    number, wrong = 0, []
    with LateBar("checking") as bar:
        for number, line in enumerate(file_lines(file), 1):
            try:
                if check:
                    command_lines.check(line)
            except command_lines.LineError as error:
                wrong.append(error)
            if number % _TOLD_EVERY == 0:
                bar.at(number)
    if wrong:
        more = f" (and {len(wrong) - 1:,} more of {number:,} lines)" if len(wrong) > 1 else ""
        raise CommandError(f"{file}, {wrong[0]}{more}: nothing was sent; --no-check sends whatever it is")
    return number


async def _checked(lines: "AsyncIterator[Line]") -> "AsyncIterator[Line]":
    from service.ops.command_lines import check

    async for line in lines:
        check(line)
        yield line


@contextmanager
def _told_how_far(sent: "Sent", *, check: bool) -> Iterator[None]:
    """An error in the middle says how much was sent before it."""
    from service.cli.exits import CommandError, explain
    from service.cli.words import count
    from service.ops.command_lines import LineError
    from service.ops.errors import PreflightError

    def before() -> str:
        return f"{count(sent.lines, 'command')} before it {'was' if sent.lines == 1 else 'were'} sent"

    try:
        yield
    except LineError as error:
        way_out = "; --no-check sends whatever it is" if check else ""
        raise CommandError(f"{error}: {before()}{way_out}") from None
    except PreflightError as error:
        if not sent.lines:
            raise
        raise CommandError(f"{error} ({before()})", explain(error)[0]) from None
