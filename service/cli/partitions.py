"""`walk progress`."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from service.cli.options import Json
from service.cli.tree import examples

if TYPE_CHECKING:
    from service.ops.progress import Wish

SHOW_EPILOG = examples(
    ("walk progress show", "where each partition stands, and whether that fits its topic"),
    ("walk progress show --json | jq '.partitions[] | select(.astray)'", "those that are stopped for it"),
)
SET_EPILOG = examples(
    ("walk progress set 3 earliest --reason 'topic made anew'", "begin partition 3 anew; asks first"),
    ("walk progress set 3 1204 --reason 'retention was 1 day'", "go on at an offset"),
    ("walk progress set 0 earliest --topic references --reason 'restored'", "the references topic"),
)
BY_MOST = 128


def show(as_json: Json = False) -> None:
    """Where each partition of the commands and references topics stands.

    The next offset to handle, as the database has it, beside what the topic holds; where the two do not fit each
    other, why: such a partition is stopped. And what was set by hand: when, by whom and why. Exit code 0 when it
    could look, whatever it saw.
    """
    from service.cli import screen
    from service.cli.views.partitions import progress_json, progress_view
    from service.ops.progress import read_progress
    from service.settings import load

    report = asyncio.run(read_progress(load()))
    if as_json:
        screen.json_line(progress_json(report))
    else:
        screen.out().print(progress_view(report))


def set_(
    partition: Annotated[int, typer.Argument(metavar="PARTITION", min=0, help="Its number.")],
    offset: Annotated[str, typer.Argument(metavar="OFFSET", help="A number, earliest or latest.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept with the change.")],
    topic: Annotated[Literal["commands", "references"], typer.Option(help="Of which topic.")] = "commands",
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who does it; else the user you are.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", metavar="", help="Do not ask.")] = False,
) -> None:
    """Put a partition elsewhere, in an emergency: its next record to handle will be that one.

    It lets a partition go on that is stopped because its progress does not fit its topic. It says what will be
    skipped or read again, and asks first; where there is no terminal to ask on, it wants --yes. Who did it, when and
    why is kept (walk progress show). The worker that holds the partition goes on from there within seconds.
    """
    from l1_walk_contracts.topics import Topics
    from service.cli import person, screen
    from service.cli.exits import CommandError, ExitCode
    from service.cli.views.partitions import done_view, plan_view
    from service.ops import progress
    from service.settings import load

    who = by or person.user()
    if not reason.strip():
        raise CommandError("--reason: must say something", ExitCode.USAGE)
    if not 0 < len(who.strip()) <= len(who) <= BY_MOST:
        raise CommandError(f"--by: must be 1 to {BY_MOST} characters", ExitCode.USAGE)
    settings = load()
    name = getattr(Topics(settings.topic_prefix), topic)
    plan = asyncio.run(progress.plan(settings, name, partition, _wish(offset)))
    screen.err().print(plan_view(plan, skipped=topic == "commands"), soft_wrap=True)
    if not yes:
        person.ask(f"Set partition {partition} to {plan.to_offset}?", "nothing was set")
    before = asyncio.run(
        progress.set_progress(settings, name, partition, plan.to_offset, by=who, reason=reason)
    )
    screen.out().print(done_view(plan, before))


def _wish(offset: str) -> "Wish":
    if offset == "earliest":
        return "earliest"
    if offset == "latest":
        return "latest"
    if offset.isascii() and offset.isdigit():
        return int(offset)
    raise typer.BadParameter("an offset, earliest or latest", param_hint="OFFSET")
