"""`walk migrate`."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.tree import examples

if TYPE_CHECKING:
    from rich.text import Text

    from service.settings import Settings
    from service.store.migrate import MigrationResult

EPILOG = examples(
    ("walk migrate", "to the newest revision; may be run again and again, also by several at once"),
    ("walk migrate --check", "exit code 1 where the database is at another revision than this version needs"),
    ("walk migrate --down beca7464b6b4", "back to before the worker's own tables"),
)


_ADOPTED = """
Its accounts, users, trees and proposals are upstream's: they are read and never written, and an id that is not
there is unknown (WALK_REFERENCES=require, whatever is set)."""


def migrate(
    to: Annotated[
        str | None, typer.Option("--to", metavar="REVISION", help="Go forward no further than to this one.")
    ] = None,
    down: Annotated[
        str | None,
        typer.Option("--down", metavar="REVISION", help="Go back to this one, or to base: before the first."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", metavar="", help="Change nothing: say whether it must be migrated.")
    ] = False,
) -> None:
    """Bring the database to the newest revision.

    An empty database gets all tables. Where the upstream product's table is there already, it is adopted, with
    all its rows, and so are upstream's accounts, users, trees and proposals, which are never written. A way back
    never drops a table that was adopted.
    """
    from service.cli.exits import CommandError, ExitCode
    from service.settings import load

    if sum((to is not None, down is not None, check)) > 1:
        raise CommandError("give one of --to, --down and --check", ExitCode.USAGE)
    settings = load()
    asyncio.run(_check(settings) if check else _move(settings, to, down))


async def _move(settings: "Settings", to: str | None, down: str | None) -> None:
    from service.cli import screen
    from service.ops.database import connected
    from service.store import migrate as store

    async with connected(settings):
        pass  # who cannot reach it says so here, in the words and with the exit code of all commands
    url = settings.require_database()
    with screen.err().status("migrating"):
        result = await (store.upgrade(url, to or "head") if down is None else store.downgrade(url, down))
    screen.out().print(_told(url, result))


async def _check(settings: "Settings") -> None:
    from service.cli import screen
    from service.ops.database import connected
    from service.store.address import where
    from service.store.migrate import head, require_head

    async with connected(settings):
        pass
    url = settings.require_database()
    await require_head(url)
    screen.out().print(f"the database {where(url)} is at {head()}, as it must be", style="good", markup=False)


def _told(url: str, result: "MigrationResult") -> "Text":
    from rich.text import Text

    from service.store.address import where

    now = result.after or "base: before the first revision"
    if result.before == result.after:
        told = Text(f"the database {where(url)} is at {now} already", style="good")
    else:
        told = Text(f"the database {where(url)} is at {now}", style="good")
        told.append(f" (was: {result.before or 'not migrated'})", style="quiet")
    return told.append(_ADOPTED) if result.adopted else told
