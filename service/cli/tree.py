"""How the commands hang together, and how their help reads."""

import inspect
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup

from service.cli.exits import PipeClosedError

CONTEXT = {"help_option_names": ["-h", "--help"]}


class Command(TyperCommand):
    """One command."""

    def get_params(self, ctx: Any) -> Any:
        """The options and arguments, of which the latter are told without Python's name of their type."""
        params = super().get_params(ctx)
        for param in params:
            if isinstance(param, TyperArgument):
                param.display_type_rich = lambda ctx: ""  # type: ignore[method-assign]
        return params

    def get_help_option(self, ctx: Any) -> Any:
        """The option `--help`."""
        return _plain(super().get_help_option(ctx))


class Commands(TyperGroup):
    """A group of commands. That nobody reads our output any more is left to `service.cli.run`."""

    def get_help_option(self, ctx: Any) -> Any:
        """The option `--help`."""
        return _plain(super().get_help_option(ctx))

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise PipeClosedError from error


def _plain(option: Any) -> Any:
    """`--help` without its type, which Typer tells of a flag too."""
    if option is not None:
        option.metavar = ""
        option.help = "Show this help."
    return option


def group(help_text: str, cls: type[Commands] = Commands, **more: Any) -> typer.Typer:
    """An application, or a group of commands."""
    return typer.Typer(
        cls=cls,
        help=help_text,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="rich",
        context_settings=CONTEXT,
        **more,
    )


def add(
    parent: typer.Typer,
    name: str,
    run: Callable[..., None],
    epilog: str,
    panel: str | None = None,
    short: str | None = None,
) -> None:
    """Hang in a command.

    Args:
        parent: where.
        name: what is typed.
        run: its docstring is the help, the first sentence of it what a list of commands tells.
        epilog: its examples.
        panel: the part of the list of commands that it stands in.
        short: what the list tells, where the first sentence is too long for it.
    """
    parent.command(
        name,
        cls=Command,
        help=prose(run.__doc__ or ""),
        epilog=epilog,
        short_help=short,
        rich_help_panel=panel,
        context_settings=CONTEXT,
    )(run)


def prose(text: str) -> str:
    """A docstring's paragraphs, each on one line: how wide it becomes is for the terminal to say."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in inspect.cleandoc(text).split("\n\n"))


def examples(*pairs: tuple[str, str]) -> str:
    """The end of a command's help: command lines, each with what it is for."""
    lines = ["\n[bold]Examples[/bold]"]
    for command, purpose in pairs:
        escaped = command.replace("[", r"\[")
        lines += [f"  [cyan]{escaped}[/cyan]", f"      [dim]{purpose}[/dim]"]
    return "\n".join(lines)
