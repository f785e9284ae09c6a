"""Where the commands write: results on standard output, all else on standard error."""

import json
import os
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

from rich.console import Console
from rich.theme import Theme

PIPE_WIDTH = 200
"""Columns of a table that goes into a pipe: wide, so that nothing in it is cut."""

_THEME = Theme(
    {
        "good": "green",
        "warn": "yellow",
        "bad": "bold red",
        "name": "cyan",
        "quiet": "dim",
        "head": "bold",
    }
)


@cache
def out() -> Console:
    """Standard output; colours only where it is a terminal, and never with NO_COLOR."""
    return console()


@cache
def err() -> Console:
    """Standard error: hints, progress, errors."""
    return console(stderr=True)


def json_line(value: Mapping[str, Any]) -> None:
    """One JSON object on one line of standard output, at once."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str) + "\n")
    sys.stdout.flush()


def hint(text: str) -> None:
    """A line for a person, beside the result."""
    err().print(text, style="quiet", soft_wrap=True)


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to `service.cli.main`, which knows the exit code for it."""
        raise BrokenPipeError


def console(*, stderr: bool = False, **more: Any) -> Console:
    """A console that knows our styles; `more` goes to rich."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or os.environ.get("COLUMNS") else PIPE_WIDTH
    options = {"stderr": stderr, "theme": _THEME, "highlight": False, "emoji": False, "width": width, **more}
    return _Console(**options)
