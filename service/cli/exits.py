"""How a command ends: its exit code, and one line that says why (documented in `walk --help`)."""

import os
import traceback
from enum import IntEnum


class ExitCode(IntEnum):
    """What a script can tell a command's end by."""

    DONE = 0
    NOT_SO = 1
    """What was asked for is not so: a difference was found, a command is not to be had."""
    USAGE = 2
    """The command line or a setting is wrong."""
    UNREACHABLE = 3
    """The database or the broker does not answer, or turns us away."""
    NOT_SET_UP = 4
    """It answers, but was not prepared: `walk migrate`, `walk topics create`."""
    OUR_FAULT = 70
    """An error of this program."""
    INTERRUPTED = 130
    """Ctrl-C."""
    PIPE_CLOSED = 141
    """Who read our output has gone."""


class CommandError(Exception):
    """Ends a command with one line on standard error."""

    def __init__(self, text: str, code: ExitCode = ExitCode.NOT_SO) -> None:
        super().__init__(text)
        self.code = code


class PipeClosedError(Exception):
    """Who read our output has gone. No `OSError`, which Typer would end the process for in its own way."""


def explain(error: Exception) -> tuple[ExitCode, str]:
    """The exit code and the line for an error that ended a command."""
    if isinstance(error, CommandError):
        return error.code, str(error)
    from service.settings import SettingsError

    if isinstance(error, SettingsError):
        return ExitCode.USAGE, str(error)
    from service.ops.errors import NotSetUpError, PreflightError

    if isinstance(error, NotSetUpError):
        return ExitCode.NOT_SET_UP, str(error)
    if isinstance(error, PreflightError):
        return ExitCode.UNREACHABLE, str(error)
    if os.environ.get("WALK_LOG_LEVEL", "").lower() == "debug":
        traceback.print_exception(error)
    where = traceback.extract_tb(error.__traceback__)[-1]
    return ExitCode.OUR_FAULT, (
        f"unexpected {type(error).__name__} ({where.name}): {' '.join(str(error).split())}"
        f": a fault of this program; WALK_LOG_LEVEL=debug shows the trace"
    )
