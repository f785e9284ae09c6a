"""The help: there at once, with examples, and readable in a narrow terminal."""

import subprocess
import sys

import pytest

from tests.support.terminal import Terminal

COMMANDS = [
    "demo",
    "dev",
    "migrate",
    "topics create",
    "topics grow",
    "worker",
    "send",
    "tail",
    "session",
    "status",
    "dead-letters list",
    "dead-letters show",
    "dead-letters redrive",
    "dead-letters discard",
    "progress show",
    "progress set",
    "contracts export",
    "contracts check",
]
SLOW = {
    "aiokafka",
    "asyncpg",
    "sqlalchemy",
    "alembic",
    "faststream",
    "pydantic",
    "l1_walk_contracts",
    "msgspec",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_teaches_by_examples(command: str, terminal: Terminal) -> None:
    ended = terminal.walk(*command.split(), "--help")
    assert ended.code == 0
    assert not ended.err
    _, _, examples = ended.out.partition("\n Examples")
    assert f"walk {command}" in examples


def test_the_list_of_commands_fits_a_narrow_terminal_a_line_each(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERMINAL_WIDTH", "80")
    listed = terminal.walk("--help").out
    for command in {command.split()[0] for command in COMMANDS}:
        (line,) = [line for line in listed.splitlines() if line.startswith(f"│ {command} ")]
        assert line.rstrip("│ ").endswith("."), f"wrapped: {line}"
    assert "Exit codes" in listed


def test_help_waits_for_no_library() -> None:
    probe = "import sys; from service import cli; cli.run(['--help']); print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True)
    loaded = set(told.stdout.splitlines()[-1].split())
    assert not loaded & SLOW


def test_version(terminal: Terminal) -> None:
    ended = terminal.walk("--version")
    assert ended.code == 0
    assert ended.out.startswith("walk 0.")
