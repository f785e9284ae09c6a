"""`walk status`."""

import asyncio

from service.cli.options import Json
from service.cli.tree import examples

EPILOG = examples(
    ("walk status", "what waits, and where"),
    ("walk status --json | jq .lag.seconds", "the age of the oldest command not yet handled"),
    ("watch -n 5 walk status", "keep an eye on it"),
)


def status(as_json: Json = False) -> None:
    """Workers, lag, outbox, dead letters, held sessions.

    The lag is what the commands topic holds beyond the progress in the database, in messages and as the age of
    the oldest one by its record's timestamp. Exit code 0 when it could look, whatever it saw.
    """
    from service.cli import screen
    from service.cli.views.status import status_json, status_view
    from service.ops.status import read_status
    from service.settings import load

    found = asyncio.run(read_status(load()))
    if as_json:
        screen.json_line(status_json(found))
    else:
        screen.out().print(status_view(found))
