"""The progress bar that appears only where it is needed."""

from io import StringIO

import pytest
from rich.console import Console
from rich.text import Text

from service.cli import progress, screen
from service.cli.progress import LateBar


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """A terminal, and what is shown on it."""
    file = StringIO()
    console: Console = screen.console(file=file, force_terminal=True, width=80)
    monkeypatch.setattr(progress, "err", lambda: console)
    return file


def test_what_is_quickly_done_shows_nothing(watched: StringIO) -> None:
    with LateBar("sending", 10) as bar:
        for number in range(10):
            bar.at(number)
    assert not watched.getvalue()


def test_what_takes_long_is_shown_and_cleared_away(
    watched: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "APPEARS_AFTER_SECONDS", 0.0)
    with LateBar("sending", 10) as bar:
        bar.at(3)
    assert "sending" in watched.getvalue()
    assert "3/10" in watched.getvalue()
    assert watched.getvalue().endswith("\x1b[2K"), "the line is wiped"


def test_where_nobody_watches_there_is_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    file = StringIO()
    console = screen.console(file=file)
    monkeypatch.setattr(progress, "err", lambda: console)
    monkeypatch.setattr(progress, "APPEARS_AFTER_SECONDS", 0.0)
    with LateBar("sending") as bar:
        bar.at(3)
    assert not file.getvalue()


def test_a_line_of_the_result_stands_above_the_bar(
    watched: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    console = screen.console(file=watched, force_terminal=True, width=80)
    monkeypatch.setattr(progress, "out", lambda: console)
    monkeypatch.setattr(progress, "APPEARS_AFTER_SECONDS", 0.0)
    with LateBar("sending", 10) as bar:
        bar.at(3)
        bar.tell(Text("one is done"))
    shown = watched.getvalue()
    assert "\x1b[2Kone is done" in shown, "the bar is wiped before it"
    assert "3/10" in shown.partition("one is done")[2], "and drawn below it"


def test_a_line_of_the_result_goes_where_results_go(
    watched: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    piped = StringIO()
    console = screen.console(file=piped)
    monkeypatch.setattr(progress, "out", lambda: console)
    monkeypatch.setattr(progress, "APPEARS_AFTER_SECONDS", 0.0)
    with LateBar("sending", 10) as bar:
        bar.at(3)
        bar.tell(Text("one is done"))
    assert piped.getvalue().strip() == "one is done"
    assert "one is done" not in watched.getvalue()
