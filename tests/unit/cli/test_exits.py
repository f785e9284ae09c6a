"""How commands end: with a code that scripts can tell, and one line that says what to do."""

import json
import os
import signal
import subprocess
import sys

import pytest

from service.cli.exits import CommandError, ExitCode, explain
from service.dev.errors import StackError
from service.ops.errors import NotSetUpError, RefusedError, UnreachableError
from service.settings import SettingsError
from service.store.errors import MigrationError
from tests.support.terminal import Terminal

WALK = [sys.executable, "-m", "service"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CommandError("no"), ExitCode.NOT_SO),
        (CommandError("no", ExitCode.USAGE), ExitCode.USAGE),
        (SettingsError("no"), ExitCode.USAGE),
        (UnreachableError("no"), ExitCode.UNREACHABLE),
        (RefusedError("no"), ExitCode.UNREACHABLE),
        (NotSetUpError("no"), ExitCode.NOT_SET_UP),
        (StackError("no"), ExitCode.NOT_SET_UP),
        (MigrationError("no"), ExitCode.NOT_SO),
    ],
)
def test_each_error_has_its_code_and_keeps_its_words(error: Exception, code: ExitCode) -> None:
    assert explain(error) == (code, "no")


def test_an_error_that_nobody_foresaw_says_so_in_one_line() -> None:
    try:
        raise ValueError("some\nthing")
    except ValueError as error:
        code, text = explain(error)
    assert code is ExitCode.OUR_FAULT
    assert text.startswith("unexpected ValueError (test_an_error")
    assert "\n" not in text
    assert "WALK_LOG_LEVEL=debug" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["staus"], "walk: No such command 'staus'. Did you mean 'status'? (see walk --help)"),
        (
            ["status", "--jsn"],
            "walk status: No such option: --jsn (Possible options: --json) (see walk status --help)",
        ),
        (
            ["dev", "--broker", "rabbit"],
            "walk dev: Invalid value for '--broker': 'rabbit' is not one of 'auto', 'memory', 'kafka'.",
        ),
        (["session"], "walk session: Missing argument 'ID'. (see walk session --help)"),
        (["session", "x"], "walk: x is no UUID"),
        (
            ["dead-letters", "show", "xyz"],
            "walk: xyz is no id: give at least the first 4 of its hexadecimal digits",
        ),
        (["migrate", "--check", "--down", "base"], "walk: give one of --to, --down and --check"),
        (["send", "no-such-file"], "walk: no-such-file cannot be read: No such file or directory"),
        (
            ["contracts", "check", "nowhere"],
            "walk: there is no folder nowhere: name yours, or make it: walk contracts export nowhere",
        ),
        (["tail", "resolvd"], "walk: there is no topic resolvd: there are resolved, escalated,"),
    ],
)
def test_a_wrong_command_line_is_told_in_one_line(
    arguments: list[str], said: str, terminal: Terminal
) -> None:
    ended = terminal.walk(*arguments)
    assert ended.code == ExitCode.USAGE
    assert not ended.out
    assert ended.error.startswith(said)


@pytest.mark.parametrize(
    "arguments", [["status"], ["topics", "create"], ["dead-letters", "list"], ["migrate"]]
)
def test_a_missing_setting_is_named(arguments: list[str], terminal: Terminal) -> None:
    ended = terminal.walk(*arguments)
    assert ended.code == ExitCode.USAGE
    assert " is not set: give it as " in ended.error


def test_a_wrong_setting_is_named_without_its_value(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WALK_DATABASE_URL", "mysql://me:secret@host/walk")
    ended = terminal.walk("status")
    assert ended.code == ExitCode.USAGE
    assert ended.error.startswith("walk: WALK_DATABASE_URL: must begin with postgresql://")
    assert "secret" not in ended.error


def test_no_command_shows_the_help(terminal: Terminal) -> None:
    ended = terminal.walk()
    assert ended.code == ExitCode.USAGE
    assert "Set up and run" in ended.out
    assert not ended.err


def test_that_nobody_reads_any_more_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [*WALK, "contracts", "check"], check=False, stdout=writer, stderr=subprocess.PIPE, text=True
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (ExitCode.PIPE_CLOSED, "")


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_worker_that_still_waits_ends_at_once_and_quietly(sent: signal.Signals, code: int) -> None:
    nowhere = {
        "WALK_DATABASE_URL": "postgresql://127.0.0.1:1/walk",
        "WALK_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    }
    with subprocess.Popen(
        [*WALK, "worker"], env={**os.environ, **nowhere}, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        waits = json.loads(process.stderr.readline())
        assert "waiting up to 30 s: the database 127.0.0.1:1/walk cannot be reached" in waits["message"]
        process.send_signal(sent)
        assert process.wait(10) == code
        assert process.stderr.read() == ""
