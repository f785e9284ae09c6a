"""A progress bar for what turns out to take long."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from service.cli.screen import err, out

APPEARS_AFTER_SECONDS = 1.0


class LateBar:
    """A bar on standard error that appears once the work takes longer than a moment, on a terminal alone.

    Args:
        what: what is done, such as `sending`.
        total: how many there are; None where nobody knows.
    """

    def __init__(self, what: str, total: int | None = None) -> None:
        self._what, self._total = what, total
        self._since = time.monotonic()
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def at(self, number: int) -> None:
        """So many are done."""
        if self._bar is None:
            if not err().is_terminal or time.monotonic() - self._since < APPEARS_AFTER_SECONDS:
                return
            self._start()
        if self._bar is not None:
            self._bar.update(self._task, completed=number)

    def tell(self, text: Text) -> None:
        """A line of the result; where the bar is on the same terminal, above it."""
        beside = self._bar is not None and out().is_terminal
        (err() if beside else out()).print(text, no_wrap=True, overflow="ellipsis")

    def _start(self) -> None:
        columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
        # what is printed meanwhile goes above the bar, unless it does not go to a terminal at all
        self._bar = Progress(*columns, console=err(), transient=True, redirect_stdout=sys.stdout.isatty())
        self._task = self._bar.add_task(self._what, total=self._total)
        self._bar.start()
