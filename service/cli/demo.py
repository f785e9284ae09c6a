"""`walk demo`."""

import asyncio
import os
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.options import Broker, Json
from service.cli.tree import examples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from service.cli.stages import Stages
    from service.dev.demo import Result
    from service.dev.simulation.expected import Traffic
    from service.dev.stack import EmbeddedStack
    from service.dev.worker import WorkerProcess

EPILOG = examples(
    ("walk demo", "about 2,000 commands of 300 calls to a help desk"),
    ("walk demo --stay", "the same, and then it stays up for you to look around"),
    ("walk demo --walks 15000 --seed 7", "about 100,000 commands, of another day"),
    ("walk demo --broker memory", "without Java and Maven"),
    ("walk demo --commands log.jsonl --expected log.json", "your own commands, and what must come of them"),
)


def demo(
    walks: Annotated[int, typer.Option(metavar="N", min=1, help="Calls for help to simulate.")] = 300,
    seed: Annotated[int, typer.Option(metavar="N", help="Another number, another day at the desk.")] = 1,
    broker: Broker = "auto",
    stay: Annotated[
        bool, typer.Option("--stay", metavar="", help="Keep everything up afterwards, until Ctrl-C.")
    ] = False,
    commands: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Commands of your own, one CloudEvent a line.")
    ] = None,
    expected: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What must come of them, as JSON; with --commands.")
    ] = None,
    as_json: Json = False,
) -> None:
    """See it all at work: traffic of a help desk through a worker of its own, and a check of what came of it.

    Starts PostgreSQL, a broker and a worker on free ports of this machine, sends the traffic, and then compares
    every row and every event with what must be there by the word of the simulator, which shares none of the
    worker's rules. Nothing is left behind. Settings of the environment do not count here.

    Exit code 1 where anything differs.
    """
    from service.cli import screen
    from service.cli.stages import Stages
    from service.cli.views.demo import stay_view, summary_json
    from service.dev.stack import EmbeddedStack

    traffic = _traffic(walks, seed, commands, expected)
    with Stages() as stages, EmbeddedStack(broker, progress=stages.of_stack) as stack:
        _settle_in(stack)
        with _worker(stack, stages) as worker:
            result = _played(traffic, worker, stages)
            stages.end()
            if as_json:
                screen.json_line(summary_json(result, stack.choice.kind, stack.env if stay else None))
            else:
                _show(result, simulated=commands is None)
            if stay:
                screen.err().print(stay_view(stack.env, worker.url))
                _stay(worker)
    if result.report.differences:
        raise typer.Exit(1)


def _traffic(walks: int, seed: int, commands: Path | None, expected: Path | None) -> "Traffic":
    from service.cli.exits import CommandError, ExitCode
    from service.dev.simulation.replayed import ReplayError, load
    from service.dev.simulation.traffic import simulate

    if commands is None and expected is None:
        return simulate(walks, seed, datetime.now(UTC))
    if commands is None or expected is None:
        raise typer.BadParameter("--commands and --expected belong together")
    try:
        return load(commands, expected)
    except ReplayError as error:
        raise CommandError(str(error), ExitCode.USAGE) from None


def _settle_in(stack: "EmbeddedStack") -> None:
    """From here on this process's settings are the stack's, and no others."""
    for name in [
        name for name in os.environ if name.startswith("WALK_") and not name.startswith("WALK_LOG_")
    ]:
        del os.environ[name]
    os.environ.update(stack.env)


@contextmanager
def _worker(stack: "EmbeddedStack", stages: "Stages") -> "Iterator[WorkerProcess]":
    """The set-up, then a worker; where it fails, the end of its log is told."""
    from service.cli.embedded import set_up
    from service.cli.exits import CommandError
    from service.cli.screen import err
    from service.dev.errors import StackError
    from service.dev.worker import WorkerProcess
    from service.settings import load

    with stages.stage("migrating the database, making the topics", "Database migrated, topics made"):
        asyncio.run(set_up(load()))
    worker = WorkerProcess(stack)
    try:
        with stages.stage("starting a worker", "Worker started"):
            worker.start()
        yield worker
    except StackError as error:
        stages.end()
        for line in worker.last_lines():
            err().print(line, style="quiet", markup=False, soft_wrap=True)
        raise CommandError(str(error)) from None
    finally:
        worker.stop()


def _played(traffic: "Traffic", worker: "WorkerProcess", stages: "Stages") -> "Result":
    from service.dev.demo import pass_through, verdict
    from service.settings import load

    total = len(traffic.records)
    with stages.stage("commands", f"{total:,} commands handled", total) as at:

        def tell(sent: int, handled: int) -> None:
            at(handled, f"{sent:,} sent, {handled:,} handled")

        seconds = asyncio.run(pass_through(traffic, load(), worker, tell))
    with stages.stage("checking every row and event", "Every row and event checked"):
        return asyncio.run(verdict(traffic, load(), seconds))


def _show(result: "Result", *, simulated: bool) -> None:
    from service.cli.screen import out
    from service.cli.views.demo import differences_view, outlook_view, summary_view

    out().print(summary_view(result))
    if result.report.differences:
        out().print(differences_view(result), soft_wrap=True)
    out().print(outlook_view(result, simulated=simulated))


def _stay(worker: "WorkerProcess") -> None:
    """Until Ctrl-C, which is the good end of it, or until the worker ends by itself, which is not."""
    with suppress(KeyboardInterrupt):
        while True:
            worker.check()
            time.sleep(1)
