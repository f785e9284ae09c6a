"""What the command `walk` shows: its screens without a terminal, and its exit codes without a process."""

import json
import os
from collections.abc import Mapping
from io import StringIO
from typing import Any, NamedTuple

import pytest
from rich.console import RenderableType

from service import cli
from service.cli import screen


def rendered(view: RenderableType, width: int = 80) -> str:
    """The view as a terminal of this width has it, without colours."""
    console = screen.console(file=StringIO(), width=width, color_system=None)
    console.print(view)
    told: str = console.file.getvalue()  # type: ignore[attr-defined]
    lines = [line.rstrip() for line in told.splitlines()]
    assert all(len(line) <= width for line in lines), "wider than the terminal"
    return "\n".join(lines) + "\n"


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its one line of JSON."""
        (line,) = self.out.splitlines()
        return json.loads(line)

    @property
    def error(self) -> str:
        """Its one line of standard error."""
        (line,) = self.err.splitlines()
        return line


class Terminal:
    """Runs `walk` in this process, with the settings that the test has given and no others."""

    def __init__(self, capture: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self._capture = capture
        self._patch = patch
        for name in [name for name in os.environ if name.startswith("WALK_")]:
            patch.delenv(name)

    def give(self, env: Mapping[str, str]) -> None:
        """Set these variables."""
        for name, value in env.items():
            self._patch.setenv(name, value)

    def walk(self, *arguments: str) -> Ended:
        """`walk` with these arguments."""
        self._capture.readouterr()
        for stream in (screen.out, screen.err):
            stream.cache_clear()
        code = cli.run(list(arguments))
        return Ended(int(code), *self._capture.readouterr())
