"""`walk dead-letters`."""

import asyncio
import re
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.options import Json
from service.cli.tree import examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from service.ops.dead_letters import Letter, LetterGroup, LetterLine

LIST_EPILOG = examples(
    ("walk dead-letters list", "what is wrong and how often, then the newest"),
    ("walk dead-letters list --json | jq -r '.letters[].id'", "ids for a script"),
)
SHOW_EPILOG = examples(
    ("walk dead-letters show 3f1c9a02", "the beginning of an id will do"),
    ("walk dead-letters show 3f1c9a02 --json | jq -r .value", "the record as received"),
)
_BEGINNING = re.compile(r"[0-9a-fA-F-]{4,36}")


def list_letters(
    limit: Annotated[int, typer.Option(metavar="N", min=0, help="How many letters to list.")] = 20,
    as_json: Json = False,
) -> None:
    """What could not be handled: by what is wrong, then the newest ones.

    A dead letter is a record that nobody could read, or that the worker failed on. It is kept whole, and it is on
    the dead-letter topic.
    """
    from service.cli import screen
    from service.cli.views.letters import letters_json, letters_view

    groups, lines = asyncio.run(_list(limit))
    if as_json:
        screen.json_line(letters_json(groups, lines))
    else:
        screen.out().print(letters_view(groups, lines, screen.out().width))


def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="The letter's id, or how it begins.")],
    as_json: Json = False,
) -> None:
    """One dead letter, whole: where it came from, what is wrong with it, key, headers and value."""
    from service.cli import screen
    from service.cli.exits import CommandError, ExitCode
    from service.cli.views.letters import letter_json, letter_view

    if not _BEGINNING.fullmatch(letter_id):
        raise CommandError(
            f"{letter_id} is no id: give at least the first 4 of its hexadecimal digits", ExitCode.USAGE
        )
    found = asyncio.run(_find(letter_id))
    if not found:
        raise CommandError(f"there is no dead letter {letter_id}: see walk dead-letters list")
    if len(found) > 1:
        raise CommandError(
            f"several dead letters begin with {letter_id}: give more of the id", ExitCode.USAGE
        )
    if as_json:
        screen.json_line(letter_json(found[0]))
    else:
        screen.out().print(letter_view(found[0]))


async def _list(limit: int) -> "tuple[Sequence[LetterGroup], Sequence[LetterLine]]":
    from service.ops import dead_letters
    from service.ops.database import connected
    from service.settings import load

    async with connected(load()) as connection:
        return await dead_letters.groups(connection), await dead_letters.lines(connection, limit)


async def _find(beginning: str) -> "Sequence[Letter]":
    from service.ops import dead_letters
    from service.ops.database import connected
    from service.settings import load

    async with connected(load()) as connection:
        return await dead_letters.find(connection, beginning)
