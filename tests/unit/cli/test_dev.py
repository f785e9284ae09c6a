"""`walk dev`: how it says that it ends."""

import os
import signal
from collections.abc import Iterator

import pytest

from service.cli import dev


@pytest.fixture
def as_a_script_starts_it() -> Iterator[None]:
    """A shell without job control lets what it starts with `&` ignore SIGINT."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


def test_in_a_terminal_ctrl_c_ends_it() -> None:
    assert dev.how_it_ends() == "Ctrl-C"


@pytest.mark.usefixtures("as_a_script_starts_it")
def test_in_a_script_kill_ends_it() -> None:
    assert dev.how_it_ends() == f"kill {os.getpid()}"
