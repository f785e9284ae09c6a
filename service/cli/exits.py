"""How a command ends: its exit code, and one line that says why (documented in `walk --help`)."""

import os
import traceback
from enum import IntEnum


class ExitCode(IntEnum):
    """What a script can tell a command's end by."""

    DONE = 0
    NOT_SO = 1
    """What was asked for is not so: a difference was found, or it is not there."""
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
    """Whoever read our output has gone."""


class CommandError(Exception):
    """Ends a command with one line on standard error."""

    def __init__(self, text: str, code: ExitCode = ExitCode.NOT_SO) -> None:
        super().__init__(text)
        self.code = code


class PipeClosedError(Exception):
    """Whoever read our output has gone. No `OSError`, which Typer would end the process for in its own way."""


def explain(error: Exception) -> tuple[ExitCode, str]:
    """The exit code and the line for an error that ended a command."""
    code = error.code if isinstance(error, CommandError) else _code_of(error)
    if code is not None:
        return code, str(error)
    if os.environ.get("WALK_LOG_LEVEL", "").lower() == "debug":
        traceback.print_exception(error)
    where = traceback.extract_tb(error.__traceback__)[-1]
    return ExitCode.OUR_FAULT, (
        f"unexpected {type(error).__name__} ({where.name}): {' '.join(str(error).split())}"
        f": a fault of this program; WALK_LOG_LEVEL=debug shows the trace"
    )


def _code_of(error: Exception) -> ExitCode | None:
    """The code of an error whose text is made for people; None for one that nobody foresaw."""
    from service.dev.errors import StackError
    from service.ops.errors import NotSetUpError, NotSoError, PreflightError
    from service.settings import SettingsError
    from service.store.errors import MigrationError

    codes: dict[type[Exception], ExitCode] = {
        SettingsError: ExitCode.USAGE,
        MigrationError: ExitCode.NOT_SO,
        StackError: ExitCode.NOT_SET_UP,
        NotSetUpError: ExitCode.NOT_SET_UP,  # before its base
        NotSoError: ExitCode.NOT_SO,
        PreflightError: ExitCode.UNREACHABLE,
    }
    return next((code for kind, code in codes.items() if isinstance(error, kind)), None)
