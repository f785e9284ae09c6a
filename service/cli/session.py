"""`walk session`."""

import asyncio
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from service.cli.options import Json
from service.cli.tree import examples

if TYPE_CHECKING:
    from service.ops.walks import Held, Told

EPILOG = examples(
    ("walk session 6440f978-ca0c-5fa4-9fad-589f66dbfde4", "the walk as a timeline"),
    ("walk session 6440f978-ca0c-5fa4-9fad-589f66dbfde4 --json | jq -r .summary", "what the PSA was told"),
)

_HEADING = "for the PSA, as the row has it (who ended it, the event alone knows)"


def session(
    session_id: Annotated[str, typer.Argument(metavar="ID", help="The session's id, a UUID.")],
    as_json: Json = False,
) -> None:
    """One walk as a timeline, and the text for the PSA.

    What was asked and answered when, the notes, how it ended. The text is made from the row as the event's was;
    who ended the walk, and why it was abandoned, the event alone knows (walk tail).
    """
    from service.cli import screen
    from service.cli.exits import CommandError, ExitCode
    from service.cli.views.session import session_json, session_view

    try:
        wanted = UUID(session_id)
    except ValueError:
        raise CommandError(f"{session_id} is no UUID", ExitCode.USAGE) from None
    told, held = asyncio.run(_find(wanted))
    if told is None:
        letter = f": its start waits behind dead letter {held.dead_letter_id}" if held else ""
        raise CommandError(f"there is no session {wanted}{letter}")
    if as_json:
        screen.json_line(session_json(told))
    else:
        screen.out().print(session_view(told, _HEADING))


async def _find(session_id: UUID) -> "tuple[Told | None, Held | None]":
    from service.domain.rules import Rules
    from service.ops.database import connected
    from service.ops.walks import find, held
    from service.settings import load

    settings = load()
    async with connected(settings) as connection:
        told = await find(connection, session_id, Rules(active_gap=settings.active_gap))
        return told, await held(connection, session_id) if told is None else told.held
