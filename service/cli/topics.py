"""`walk topics`."""

import asyncio
from typing import Annotated

import typer

from service.cli.options import Json
from service.cli.tree import examples

EPILOG = examples(
    ("walk topics create", "make what is missing; may be run again and again"),
    ("walk topics create --dry-run", "say what would be made, and what differs"),
    ("WALK_TOPIC_PARTITIONS=24 walk topics create", "other than the default of 12 partitions"),
)


def create(
    dry_run: Annotated[bool, typer.Option("--dry-run", metavar="", help="Look, and make nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Make the topics that are not there yet.

    One that is there stays as it is: what differs from the settings (partitions, retention, timestamp type,
    cleanup policy, message size) is shown, not altered.
    """
    from service.cli import screen
    from service.cli.views.topics import topics_json, topics_view
    from service.ops import topics
    from service.settings import load

    made = asyncio.run(topics.create(load(), dry_run=dry_run))
    if as_json:
        screen.json_line(topics_json(made, dry_run=dry_run))
    else:
        screen.out().print(topics_view(made, dry_run=dry_run))
