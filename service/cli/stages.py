"""The stages of something that takes a while: a line for each when it is done, a bar for those under way."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.text import Text

from service.cli.screen import err
from service.cli.words import duration
from service.dev.stack import Step


class Stages:
    """Tells on standard error what is done, and where a person watches also what is being done."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(style="name"),
            TextColumn("{task.description}"),
            BarColumn(
                bar_width=30, style="quiet", complete_style="name", finished_style="good", pulse_style="name"
            ),
            TextColumn("{task.fields[more]}", style="quiet"),
            console=err(),
            transient=True,
            disable=not err().is_terminal,
        )
        self._parts: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Take away what shows what is being done; lines of what is done stay."""
        self._progress.stop()

    def of_stack(self, step: Step) -> None:
        """A part of the embedded stack begins to start, or has started."""
        if not step.done:
            self._parts[step.part] = self._add(step.text)
            return
        self._progress.remove_task(self._parts.pop(step.part))
        self._tell(step.text, step.seconds)

    @contextmanager
    def stage(self, doing: str, done: str, total: int | None = None) -> Iterator[Callable[[int, str], None]]:
        """A stage that takes as long as the block; what it yields takes how much is done, and a word on it."""
        began, task = time.monotonic(), self._add(doing, total)

        def at(completed: int, more: str) -> None:
            self._progress.update(task, completed=completed, more=more)

        try:
            yield at
        finally:
            self._progress.remove_task(task)
        self._tell(done, time.monotonic() - began)

    def _add(self, text: str, total: int | None = None) -> TaskID:
        return self._progress.add_task(text, total=total, more="")

    def _tell(self, text: str, seconds: float) -> None:
        err().print(Text.assemble(("✓ ", "good"), text, (f"  {duration(seconds)}", "quiet")), soft_wrap=True)
