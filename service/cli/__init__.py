"""The command `walk` (design 10). A command imports what it needs when it runs, so that `--help` is there at once."""

import logging
import os
import sys
from typing import NoReturn

import typer

from service.cli.app import app
from service.cli.exits import ExitCode, PipeClosedError, explain


def main() -> NoReturn:
    """Run `walk` with the arguments of the process, and end the process."""
    _quieten()
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # what is still buffered goes nowhere: the interpreter must not stumble over it once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.PIPE_CLOSED
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run `walk` with these arguments.

    Returns:
        The exit code. An error has been told in one line on standard error.

    Raises:
        BrokenPipeError: whoever read our output has gone.
    """
    try:
        command = typer.main.get_command(app)
        return int(command.main(arguments, prog_name="walk", standalone_mode=False) or ExitCode.DONE)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except PipeClosedError as error:
        raise BrokenPipeError from error
    except typer.TyperException as error:
        return _tell_usage(error)
    except Exception as error:
        code, text = explain(error)
        _tell("walk", text)
        return code


def _quieten() -> None:
    """What libraries log goes nowhere: what matters to a person, the command tells. `walk worker` has it otherwise."""
    for name in ("aiokafka", "asyncio", "alembic"):
        logging.getLogger(name).addHandler(logging.NullHandler())
        logging.getLogger(name).propagate = False


def _tell_usage(error: typer.TyperException) -> int:
    text = " ".join(error.format_message().split()).replace(": Value error, ", ": ")
    if text:  # without one, the help has been shown
        context = getattr(error, "ctx", None)
        command = "walk" if context is None else context.command_path
        _tell(command, f"{text} (see {command} --help)")
    return ExitCode.USAGE


def _tell(command: str, text: str) -> None:
    from rich.text import Text

    from service.cli.screen import err

    err().print(Text.assemble((f"{command}: ", "bad"), text), soft_wrap=True)
