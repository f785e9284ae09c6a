"""`walk topics`."""

import asyncio
from typing import Annotated

import typer

from service.cli.options import Json
from service.cli.tree import examples

GROW_EPILOG = examples(
    ("walk topics grow 24", "24 partitions instead of 12; asks first"),
    ("walk topics grow 24 --yes", "without a question"),
)
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


def grow(
    partitions: Annotated[
        int, typer.Argument(metavar="N", min=1, help="How many partitions there are to be.")
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", metavar="", help="Do not ask.")] = False,
) -> None:
    """Make the topics by session larger, and let each session find its home anew.

    Upstream has to pause, and go on only with producers that know the new partitions: restarted, or after their
    metadata.max.age.ms, 5 minutes by default. It wants the commands topic drained, and says what is in the way
    otherwise. Workers may run; they notice by themselves within half a minute. It may be run again where it was
    interrupted.

    The topics of the PSA stay as they are, so that a ticket keeps its connector instance, and so does the references
    topic, which is compacted.
    """
    from service.cli import person, screen
    from service.cli.exits import CommandError
    from service.cli.progress import LateBar
    from service.cli.views.topics import grown_view, growth_view
    from service.ops import growth
    from service.settings import load

    settings = load()
    planned = asyncio.run(growth.look(settings, partitions))
    if planned.obstacles:
        raise CommandError(f"not now: {'; '.join(planned.obstacles)}")
    screen.err().print(growth_view(planned), soft_wrap=True)
    if not yes:
        person.ask("Is upstream pausing, and shall it be done?", "nothing was done")
    with LateBar("sessions", planned.sessions) as bar:
        sessions = asyncio.run(growth.grow(settings, planned, bar.at))
    screen.out().print(grown_view(planned, sessions))
