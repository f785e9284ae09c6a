"""`walk verify`."""

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.options import Json
from service.cli.tree import examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from service.cli.progress import LateBar
    from service.ops.verify import Report

EPILOG = examples(
    ("walk verify", "after an incident: is anything lost, twice, out of order, different?"),
    ("walk verify --json | jq '.findings[]'", "each thing that is not as it must be, with its ids"),
    ("walk verify --partition 3 --partition 7", "the commands of these partitions alone"),
)


def verify(
    partition: Annotated[
        list[int] | None,
        typer.Option(metavar="N", min=0, help="A partition of the commands; several times for several."),
    ] = None,
    limit_examples: Annotated[
        int, typer.Option(metavar="N", min=0, help="How many findings of a kind to show.")
    ] = 5,
    as_json: Json = False,
) -> None:
    """Decide all commands anew, and compare with what stands there.

    Reads the topics from their start, decides every command again with an inbox of its own, and compares sessions,
    inbox, dead letters and events with the database and the topics. It changes nothing, and workers may go on. Exit
    code 1 where anything is lost, twice, out of order or different.
    """
    from service.cli import screen
    from service.cli.exits import ExitCode
    from service.cli.views.verify import report_json, report_view

    report = asyncio.run(_verify(partition))
    if as_json:
        screen.json_line(report_json(report))
    else:
        screen.out().print(report_view(report, limit_examples))
    if not report.clean:
        raise typer.Exit(ExitCode.NOT_SO)


async def _verify(partitions: "Sequence[int] | None") -> "Report":
    from service.ops.verify import verify
    from service.settings import load

    with ExitStack() as stack:
        return await verify(load(), partitions=partitions, tell=_Bars(stack).at)


class _Bars:
    """A late bar for each of several stages, one after the other."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._stage = ""
        self._bar: LateBar | None = None

    def at(self, stage: str, done: int, total: int | None) -> None:
        """So much of this stage is done; one of another name has ended."""
        from service.cli.progress import LateBar

        if self._bar is None or stage != self._stage:
            self._stack.close()
            self._stage, self._bar = stage, self._stack.enter_context(LateBar(stage, total))
        self._bar.at(done)
