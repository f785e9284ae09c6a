"""The person at the terminal: who it is, and whether they are sure."""

import getpass
import os
import sys


def user() -> str:
    """The name of the user who runs this."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # in a container, where the user has no name
        return f"uid {os.getuid()}"


def ask(question: str, refused: str) -> None:
    """Return if the person says yes.

    Args:
        question: what they are asked, on standard error.
        refused: how the command ends otherwise.

    Raises:
        CommandError: they do not, or there is no terminal to ask on.
    """
    from rich.text import Text

    from service.cli import screen
    from service.cli.exits import CommandError, ExitCode

    if not sys.stdin.isatty():
        raise CommandError("there is no terminal to ask on: --yes says yes beforehand", ExitCode.USAGE)
    screen.err().print(Text(f"{question} [y/N] "), end="")
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise CommandError(refused)
