"""`walk tail`."""

import asyncio
import sys
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.options import Json
from service.cli.tree import examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiokafka import ConsumerRecord

    from l1_walk_contracts import Topics
    from service.settings import Settings

EPILOG = examples(
    ("walk tail", "all that the worker tells, from now on"),
    ("walk tail resolved escalated --from-start --no-follow", "how walks ended so far"),
    ("walk tail rejected --json | jq .data.errors", "events as they stand on the topic, one a line"),
    ("walk tail commands --from-start --limit 100 --json > some.jsonl", "what walk send takes"),
)
_NAMES = ("resolved", "escalated", "lifecycle", "rejected", "dead-letter")
_MORE_NAMES = ("commands", "references")
_INDENT = 10


def tail(
    topic: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TOPIC", help=f"{', '.join(_NAMES)} (all of these), {', '.join(_MORE_NAMES)}."
        ),
    ] = None,
    from_start: Annotated[
        bool, typer.Option("--from-start", metavar="", help="All that the topics hold, then what comes.")
    ] = False,
    no_follow: Annotated[
        bool, typer.Option("--no-follow", metavar="", help="End where the topics end now; with --from-start.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", metavar="N", min=1, help="End after so many.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Events as they come, readable. Ctrl-C ends it.

    It reads outside of any consumer group and leaves no trace. With --json each event is printed as it stands on
    the topic; a dead letter, and what else is no CloudEvent in one line of JSON, comes as an object with topic,
    partition, offset, timestamp, key, headers and value.
    """
    from l1_walk_contracts import Topics
    from service.cli.exits import CommandError, ExitCode
    from service.settings import load

    if no_follow and not from_start:
        raise CommandError(
            "--no-follow ends where the topics end now: say --from-start with it", ExitCode.USAGE
        )
    settings = load()
    topics = Topics(settings.topic_prefix)
    names = [_full_name(name, topics) for name in topic or _NAMES]
    asyncio.run(
        _tail(settings, topics, names, from_start=from_start, to_end=no_follow, limit=limit, as_json=as_json)
    )


def _full_name(name: str, topics: "Topics") -> str:
    from service.cli.exits import CommandError, ExitCode

    full = f"{topics.prefix}.{name.removeprefix(topics.prefix + '.')}"
    if full not in topics.all():
        raise CommandError(
            f"there is no topic {name}: there are {', '.join((*_NAMES, *_MORE_NAMES))}", ExitCode.USAGE
        )
    return full


async def _tail(
    settings: "Settings",
    topics: "Topics",
    names: "Sequence[str]",
    *,
    from_start: bool,
    to_end: bool,
    limit: int | None,
    as_json: bool,
) -> None:
    from service.cli import screen
    from service.ops.following import follow

    left, waiting = limit, False
    async with aclosing(follow(settings, names, from_start=from_start, to_end=to_end)) as batches:
        async for records in batches:
            for record in records[:left]:
                _print(record, topics, as_json=as_json)
            sys.stdout.flush()
            if left is not None and (left := left - len(records)) <= 0:
                return
            if not records and not waiting and sys.stdout.isatty():
                waiting = True
                short = ", ".join(name.removeprefix(f"{topics.prefix}.") for name in names)
                screen.hint(f"waiting for more of {short}; Ctrl-C ends it")


def _print(record: "ConsumerRecord", topics: "Topics", *, as_json: bool) -> None:
    from rich.padding import Padding

    from service.cli import screen
    from service.cli.views.records import record_json, record_view

    if as_json:
        sys.stdout.write(record_json(record) + "\n")
        return
    head, more = record_view(record, topics)
    screen.out().print(head)
    if more.no_wrap or sys.stdout.isatty():
        screen.out().print(Padding(more, (0, 0, 0, _INDENT), style="quiet", expand=False))
    else:  # for grep each record has two lines
        screen.out().print(" " * _INDENT, more, sep="", soft_wrap=True)
