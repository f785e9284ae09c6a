"""`walk dead-letters list` and `show`."""

import asyncio
import re
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

import typer

from service.cli.options import Json
from service.cli.tree import examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from service.cli.exits import CommandError
    from service.ops.dead_letters import Letter, LetterGroup, LetterLine, State, Wanted

LIST_EPILOG = examples(
    ("walk dead-letters list", "what is wrong and how often, then the newest"),
    ("walk dead-letters list --class failed --limit 100", "those that the worker failed on"),
    ("walk dead-letters list --state discarded", "what was dropped, by whom"),
    ("walk dead-letters list --json | jq -r '.letters[].id'", "ids for a script"),
)
SHOW_EPILOG = examples(
    ("walk dead-letters show 3f1c9a02", "the beginning of an id will do"),
    ("walk dead-letters show 3f1c9a02 --json | jq -r .value", "the record as received"),
)
BEHIND_SHOWN = 5
"""How many of those parked behind a letter are shown with it."""
_BEGINNING = re.compile(
    r"[0-9a-f]{4,8}|[0-9a-f]{8}(-[0-9a-f]{0,4}){1,3}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{0,12}"
)

Class = Annotated[
    Literal["unreadable", "unsupported", "failed"] | None,
    typer.Option("--class", help="Only those of this class."),
]
Reason = Annotated[
    str | None, typer.Option(metavar="TEXT", help="Only those with this reason, as the list has it, whole.")
]
Session = Annotated[UUID | None, typer.Option(metavar="ID", help="Only those of this session.")]
Account = Annotated[UUID | None, typer.Option(metavar="ID", help="Only those of this account.")]


def list_letters(
    letter_class: Annotated[
        Literal["unreadable", "unsupported", "failed", "parked"] | None,
        typer.Option("--class", help="Only those of this class; parked: those that wait behind another."),
    ] = None,
    reason: Reason = None,
    session: Session = None,
    account: Account = None,
    state: Annotated[
        Literal["open", "redriven", "discarded", "all"],
        typer.Option(help="Not settled yet, or how they were settled."),
    ] = "open",
    limit: Annotated[int, typer.Option("--limit", "-n", metavar="N", min=0, help="List so many.")] = 20,
    as_json: Json = False,
) -> None:
    """What could not be handled: by what is wrong, then the newest ones.

    A dead letter is a record that nobody could read (unreadable), of a type that the worker does not know
    (unsupported), or that it failed on (failed). It is kept whole, and it is on the dead-letter topic. The session of
    the latter two is held: what follows for it is parked behind them, in order.
    """
    from service.cli import screen
    from service.cli.views.letters import letters_json, letters_view
    from service.ops.dead_letters import Wanted

    wanted = Wanted(letter_class, reason, session, account)
    groups, lines, held = asyncio.run(_list(wanted, state, limit))
    if as_json:
        screen.json_line(letters_json(groups, lines, held))
    else:
        screen.out().print(letters_view(groups, lines, screen.out().width, state))


def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="The letter's id, or how it begins.")],
    as_json: Json = False,
) -> None:
    """One dead letter, whole: what is wrong with it, key, headers and value, what waits behind it, what can be done."""
    from service.cli import screen
    from service.cli.views.letter import letter_json, letter_view

    letter = asyncio.run(_show(letter_id))
    if as_json:
        screen.json_line(letter_json(letter))
    else:
        screen.out().print(letter_view(letter))


def the_one(beginning: str, found: "Sequence[LetterLine]") -> "LetterLine":
    """The letter that was meant.

    Raises:
        CommandError: there is none, or more than one.
    """
    from service.cli.exits import CommandError, ExitCode

    if not found:
        raise _none(beginning)
    if len(found) > 1:
        raise CommandError(
            f"several dead letters begin with {beginning}: give more of the id", ExitCode.USAGE
        )
    return found[0]


def beginning(text: str) -> str:
    """What was typed as an id, or as how it begins.

    Raises:
        CommandError: it is neither.
    """
    from service.cli.exits import CommandError, ExitCode

    if not _BEGINNING.fullmatch(text.lower()):
        raise CommandError(
            f"{text} is no id: give at least the first 4 of its hexadecimal digits", ExitCode.USAGE
        )
    return text.lower()


async def _list(
    wanted: "Wanted", state: "State", limit: int
) -> "tuple[Sequence[LetterGroup], Sequence[LetterLine], int]":
    from service.ops import dead_letters
    from service.ops.database import connected
    from service.settings import load

    async with connected(load()) as connection:
        groups = await dead_letters.groups(connection, wanted, state)
        lines = await dead_letters.lines(connection, limit, wanted, state)
        return groups, lines, await dead_letters.held(connection)


async def _show(letter_id: str) -> "Letter":
    from service.ops import dead_letters
    from service.ops.database import connected
    from service.settings import load

    start = beginning(letter_id)
    async with connected(load()) as connection:
        line = the_one(letter_id, await dead_letters.find(connection, start))
        letter = await dead_letters.whole(connection, line, BEHIND_SHOWN)
    if letter is None:
        raise _none(letter_id)
    return letter


def _none(beginning: str) -> "CommandError":
    from service.cli.exits import CommandError

    return CommandError(f"there is no dead letter {beginning}: see walk dead-letters list --state all")
