"""`walk dead-letters redrive` and `discard`."""

import asyncio
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, NamedTuple
from uuid import UUID

import typer

from service.cli.dead_letters import Account, Class, Reason, Session, beginning, the_one
from service.cli.options import Json
from service.cli.person import user
from service.cli.tree import examples

if TYPE_CHECKING:
    from service.cli.carry_out import Chosen
    from service.ops.dead_letters import LetterLine
    from service.ops.settling import Choice
    from service.settings import Settings
    from service.store.database import Connection

REDRIVE_EPILOG = examples(
    ("walk dead-letters redrive 3f1c9a02", "one, and what is parked behind it; several ids will do too"),
    ("walk dead-letters redrive --class failed --dry-run", "what would be sent"),
    ("walk dead-letters redrive --all --why 'mended in 1.4'", "all there are"),
)
DISCARD_EPILOG = examples(
    ("walk dead-letters discard 3f1c9a02 --why 'a test of ours'", "drop one; asks first"),
    (
        "walk dead-letters discard --reason 'no JSON' --why 'upstream sent it again' --yes",
        "without a question",
    ),
)
ASKED_OF_EACH = 5
"""So many letters, and the question names each."""

Ids = Annotated[list[str] | None, typer.Argument(metavar="ID", help="The letters' ids, or how they begin.")]
All = Annotated[bool, typer.Option("--all", metavar="", help="All open ones.")]
Rate = Annotated[float, typer.Option(metavar="N", min=0.1, max=100_000, help="So many a second, at most.")]
By = Annotated[str | None, typer.Option(metavar="NAME", help="Who does it; else the user you are.")]
Patience = Annotated[
    float,
    typer.Option("--timeout", metavar="SECONDS", min=1, help="End where nothing was handled for so long."),
]


class Asked(NamedTuple):
    """Which letters the command line asks for."""

    ids: Sequence[str]
    letter_class: str | None
    reason: str | None
    session: UUID | None
    account: UUID | None
    all_of_them: bool


def redrive(
    ids: Ids = None,
    letter_class: Class = None,
    reason: Reason = None,
    session: Session = None,
    account: Account = None,
    all_of_them: All = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", metavar="", help="Say what would be sent, and send nothing.")
    ] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", metavar="", help="Go on where the first ones fail again.")
    ] = False,
    rate: Rate = 50,
    why: Annotated[str | None, typer.Option(metavar="TEXT", help="Why; kept with the letter.")] = None,
    by: By = None,
    patience: Patience = 60,
    as_json: Json = False,
) -> None:
    """Send dead letters through again, each with what is parked behind it, in order.

    It publishes a command for each, which the worker that owns its partition carries out, and tells what became of
    it. Where five in a row with the same thing wrong fail again, the rest of them is left alone. It may be stopped
    with Ctrl-C and run again: it goes on with what is still open.

    With --json a line a letter, as its result is known, and the sum as the last line. Exit code 1 where anything
    is not as wished: failed again, not sent, not handled.
    """
    from l1_walk_contracts import SettleVerb
    from service.cli import screen
    from service.cli.carry_out import Terms, carry_out
    from service.cli.views.settling import choice_json, choice_view
    from service.settings import load

    settings = load()
    terms = Terms(SettleVerb.REDRIVE, *_signed(by, why), rate, patience, keep_going, as_json)
    chosen = _chosen(settings, Asked(ids or (), letter_class, reason, session, account, all_of_them))
    if not dry_run:
        carry_out(settings, terms, chosen)
    elif as_json:
        screen.json_line(choice_json(chosen.choice))
    else:
        screen.out().print(choice_view(chosen.choice))


def discard(
    why: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept with the letter.")],
    ids: Ids = None,
    letter_class: Class = None,
    reason: Reason = None,
    session: Session = None,
    account: Account = None,
    all_of_them: All = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", metavar="", help="Do not ask.")] = False,
    rate: Rate = 50,
    by: By = None,
    patience: Patience = 60,
    as_json: Json = False,
) -> None:
    """Drop dead letters for good: what they ask for will never happen. What is parked behind them runs.

    It asks first; where there is no terminal to ask on, it wants --yes. Who dropped what, when and why is kept with
    each, and the letter itself too, until its retention ends. --json and exit codes are as of redrive.
    """
    from l1_walk_contracts import SettleVerb
    from service.cli.carry_out import Terms, carry_out
    from service.settings import load

    settings = load()
    terms = Terms(SettleVerb.DISCARD, *_signed(by, why), rate, patience, True, as_json)
    chosen = _chosen(settings, Asked(ids or (), letter_class, reason, session, account, all_of_them))
    if chosen.choice.letters and not yes:
        _ask(settings, chosen.choice)
    carry_out(settings, terms, chosen)


def _signed(by: str | None, why: str | None) -> tuple[str, str | None]:
    """Who and why, as the contract takes them."""
    from pydantic import ValidationError

    from l1_walk_contracts import SettleData
    from service.cli.exits import CommandError, ExitCode

    who = by or user()
    if why is not None and not why.strip():
        raise CommandError("--why: must say something", ExitCode.USAGE)
    try:
        SettleData(dead_letter_id=str(UUID(int=0)), by=who, reason=why)
    except ValidationError as error:
        wrong = error.errors()[0]
        option = {"by": "--by", "reason": "--why"}[str(wrong["loc"][0])]
        raise CommandError(
            f"{option}: {wrong['msg'].removeprefix('Value error, ')}", ExitCode.USAGE
        ) from None
    return who, why


def _chosen(settings: "Settings", asked: Asked) -> "Chosen":
    filters = any(given is not None for given in asked[1:5])
    if sum((bool(asked.ids), filters, asked.all_of_them)) != 1:
        raise typer.BadParameter("give ids, or filters such as --class, or --all for all there are")
    return asyncio.run(_look_up(settings, asked))


async def _look_up(settings: "Settings", asked: Asked) -> "Chosen":
    from l1_walk_contracts import Topics
    from service.cli.carry_out import Chosen
    from service.ops.database import connected
    from service.ops.dead_letters import Wanted
    from service.ops.settling import named_ones, wanted_ones

    topic = Topics(settings.topic_prefix).commands
    async with connected(settings) as connection:
        if not asked.ids:
            return Chosen(await wanted_ones(connection, Wanted(*asked[1:5], topic)), [])
        lines = {line.id: line for line in [await _named(connection, id_, topic) for id_ in asked.ids]}
        still_open = [line for line in lines.values() if line.state == "open"]
        settled = [line for line in lines.values() if line.state != "open"]
        return Chosen(await named_ones(connection, still_open), settled)


async def _named(connection: "Connection", typed: str, topic: str) -> "LetterLine":
    from service.cli.exits import CommandError
    from service.cli.views.letters import short
    from service.ops.dead_letters import find

    line = the_one(typed, await find(connection, beginning(typed)))
    if line.state == "open" and line.parked_behind is not None:
        head = short(line.parked_behind)
        raise CommandError(
            f"{short(line.id)} is parked behind {head} and follows it by itself: settle {head}"
            f" (see walk dead-letters show {head})"
        )
    if line.topic != topic:
        raise CommandError(
            f"{short(line.id)} came from {line.topic}, and the commands here are in {topic}: WALK_TOPIC_PREFIX"
        )
    return line


def _ask(settings: "Settings", choice: "Choice") -> None:
    from service.cli import screen
    from service.cli.exits import CommandError, ExitCode
    from service.cli.views.settling import question_view

    if not sys.stdin.isatty():
        raise CommandError("there is no terminal to ask on: --yes says yes beforehand", ExitCode.USAGE)
    lines = asyncio.run(_some(settings, choice)) if choice.letters <= ASKED_OF_EACH else []
    screen.err().print(question_view(choice, lines))
    screen.err().print(
        f"Discard {'it' if choice.letters == 1 else f'all {choice.letters:,}'}? \\[y/N] ", end=""
    )
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise CommandError("nothing was discarded")


async def _some(settings: "Settings", choice: "Choice") -> "Sequence[LetterLine]":
    from service.ops.database import connected

    async with connected(settings) as connection:
        return [line for lot in choice.lots(connection) async for line in lot.letters]
