"""`walk dev`."""

import asyncio
import os
import shlex
import signal
import sys
import threading
from contextlib import suppress
from typing import Annotated

import typer

from service.cli.options import Broker
from service.cli.tree import examples

EPILOG = examples(
    ("walk dev", "then paste what it prints into another terminal"),
    ("walk dev > dev.env", "then read it in another terminal: . ./dev.env"),
    ("walk dev > dev.env &", "for a script: once dev.env has lines, the stack is ready; kill $! ends it"),
    ("walk dev --broker memory", "without Java and Maven"),
)


def dev(
    broker: Broker = "auto",
    bare: Annotated[
        bool, typer.Option("--bare", metavar="", help="Neither migrate the database nor make the topics.")
    ] = False,
) -> None:
    """PostgreSQL and a broker of your own, until Ctrl-C or SIGTERM.

    The database is migrated, the topics are made. Prints on standard output the settings that lead to both, as
    lines for a shell; all else goes to standard error. They run on free ports of this machine, out of a temporary
    folder that is gone afterwards.
    """
    from service.cli.embedded import set_up
    from service.cli.screen import hint
    from service.cli.stages import Stages
    from service.dev.stack import EmbeddedStack
    from service.settings import load

    with Stages() as stages, EmbeddedStack(broker, progress=stages.of_stack) as stack:
        os.environ.update(stack.env)
        if not bare:
            with stages.stage("migrating the database, making the topics", "Database migrated, topics made"):
                asyncio.run(set_up(load()))
        stages.end()
        lines = [f"export {name}={shlex.quote(value)}\n" for name, value in stack.env.items()]
        sys.stdout.write("".join(lines))  # at once: who waits for the first line finds the last one too
        sys.stdout.flush()
        how = (
            "Paste these lines into" if sys.stdout.isatty() else "Ready. Read the written lines (. ./FILE) in"
        )
        hint(
            f"{how} another terminal, then: walk worker, walk send FILE, walk tail. {how_it_ends()} ends it."
        )
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


def how_it_ends() -> str:
    """What the one who started this presses or runs: a script's shell lets what `&` starts ignore Ctrl-C."""
    return f"kill {os.getpid()}" if signal.getsignal(signal.SIGINT) is signal.SIG_IGN else "Ctrl-C"
