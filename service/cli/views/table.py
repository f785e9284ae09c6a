"""The look of all tables."""

from rich import box
from rich.table import Table
from rich.text import Text


def table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """A table with a rule below its head; a column keeps its width as long as another can be wrapped.

    Args:
        columns: the names.
        right: those of them whose numbers stand right.
    """
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in columns:
        made.add_column(name, no_wrap=True, justify="right" if name in right else "left")
    return made


def wrapping(made: Table, name: str) -> Table:
    """The table with a last column that gives way where the terminal is narrow."""
    made.add_column(name, overflow="fold")
    return made


def cut(text: str, style: str = "") -> Text:
    """A text that takes one line, and ends in an ellipsis where that is too short."""
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")
