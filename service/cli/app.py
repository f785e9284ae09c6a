"""The commands: what there is, and in which part of the help."""

from typing import Annotated, Any

import typer

from service.cli import (
    contracts,
    dead_letters,
    demo,
    dev,
    migrate,
    partitions,
    send,
    session,
    settle,
    status,
    tail,
    topics,
    verify,
    worker,
)
from service.cli.tree import Commands, add, examples, group, prose

_START = examples(
    ("walk demo", "see it all at work, with nothing else installed"),
    ("walk migrate && walk topics create && walk worker", "set up, then run"),
    ("walk status", "how it is doing"),
)
_EXITS = """[bold]Exit codes[/bold]
    0  done
    1  what was asked for is not so: something differs, or is not there
    2  the command line or a setting is wrong
    3  the database or the broker does not answer, or turns us away
    4  it answers, but was not set up: walk migrate, walk topics create
   70  a fault of this program
  130  Ctrl-C"""
_TRY, _RUN, _USE, _OPERATE, _BUILD = "Try it out", "Set up and run", "Use", "Operate", "Build against it"


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"walk {version('l1-walk-worker')}")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option("--version", metavar="", help="Show the version.", is_eager=True, callback=_version),
]


def walk(version: Version = False) -> None:
    """The one writer of L1 walk sessions: commands in on Kafka, sessions in PostgreSQL, events out.

    Settings come from the environment: WALK_DATABASE_URL, WALK_KAFKA_BOOTSTRAP_SERVERS and more, see README.md.
    """


class Walk(Commands):
    """`walk` itself: its commands in the order of a first day with it, of which the parts of the help follow."""

    order = (
        "demo",
        "dev",
        "migrate",
        "topics",
        "worker",
        "send",
        "tail",
        "session",
        "status",
        "dead-letters",
        "progress",
        "verify",
        "contracts",
    )

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of the commands."""
        return sorted(super().list_commands(ctx), key=self.order.index)


app = group(prose(walk.__doc__ or ""), cls=Walk, epilog=f"{_START}\n\n{_EXITS}")
app.callback()(walk)


add(app, "demo", demo.demo, demo.EPILOG, _TRY, "All of it at work on simulated traffic, and a check of it.")
add(app, "dev", dev.dev, dev.EPILOG, _TRY)
add(app, "migrate", migrate.migrate, migrate.EPILOG, _RUN)

_topics = group("The topics on the broker: make the missing, make them larger.")
add(_topics, "create", topics.create, topics.EPILOG)
add(_topics, "grow", topics.grow, topics.GROW_EPILOG)
app.add_typer(_topics, name="topics", rich_help_panel=_RUN)
add(app, "worker", worker.worker, worker.EPILOG, _RUN)
add(app, "send", send.send, send.EPILOG, _USE)
add(app, "tail", tail.tail, tail.EPILOG, _USE)
add(app, "session", session.session, session.EPILOG, _USE)
add(app, "status", status.status, status.EPILOG, _OPERATE)

_letters = group("What could not be handled: look at it, redrive it, discard it.")
add(_letters, "list", dead_letters.list_letters, dead_letters.LIST_EPILOG)
add(_letters, "show", dead_letters.show, dead_letters.SHOW_EPILOG)
add(_letters, "redrive", settle.redrive, settle.REDRIVE_EPILOG)
add(_letters, "discard", settle.discard, settle.DISCARD_EPILOG)
app.add_typer(_letters, name="dead-letters", rich_help_panel=_OPERATE)

_progress = group("Where each partition stands: look; in an emergency, move it.")
add(_progress, "show", partitions.show, partitions.SHOW_EPILOG)
add(_progress, "set", partitions.set_, partitions.SET_EPILOG)
app.add_typer(_progress, name="progress", rich_help_panel=_OPERATE)

add(app, "verify", verify.verify, verify.EPILOG, _OPERATE)

_contracts = group("The JSON Schemas of commands and events: export, check.")
add(_contracts, "export", contracts.export, contracts.EXPORT_EPILOG)
add(_contracts, "check", contracts.check, contracts.CHECK_EPILOG)
app.add_typer(_contracts, name="contracts", rich_help_panel=_BUILD)
