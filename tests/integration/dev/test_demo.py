"""`walk demo`: what it says of the worker, how it ends, and that it leaves nothing."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from service.dev.simulation.expected import Traffic
from service.dev.simulation.traffic import simulate
from tests.support.waiting import until

DEMO = [sys.executable, "-m", "service", "demo", "--broker", "memory"]
PATIENCE = 120.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """For temporary folders; the user that PostgreSQL runs as where we are root may pass through it."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o711)
        yield Path(name)


@contextmanager
def demo(folder: Path, *arguments: str, **env: str) -> Iterator[subprocess.Popen[str]]:
    """A demo under way, whose temporary folders lie in `folder`."""
    with subprocess.Popen(
        [*DEMO, *arguments],
        env={**os.environ, "TMPDIR": str(folder), **env},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate(timeout=PATIENCE)
    return dict(json.loads(line))


def descendants(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def worker_of(process: subprocess.Popen[str]) -> psutil.Process | None:
    for child in descendants(process):
        try:
            if child.cmdline()[-2:] == ["service", "worker"]:
                return child
        except psutil.NoSuchProcess:
            continue
    return None


def nothing_is_left(folder: Path, processes: list[psutil.Process]) -> bool:
    _, left = psutil.wait_procs(processes, timeout=10)
    return left == [] and list(folder.iterdir()) == []


def rows_in(url: str) -> int:
    async def count() -> int:
        connection = await asyncpg.connect(url)
        try:
            return int(await connection.fetchval("SELECT count(*) FROM l1_walk_sessions"))
        finally:
            await connection.close()

    return asyncio.run(count())


def test_it_finds_all_as_it_must_be_stays_up_and_leaves_nothing(folder: Path) -> None:
    # a shell in which `walk dev` was used before must not lead it astray
    astray = {"WALK_TOPIC_PREFIX": "other", "WALK_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    with demo(folder, "--walks", "120", "--json", "--stay", **astray) as process:
        told = first_line(process)
        assert (told["ok"], told["differences"]) == (True, [])
        assert told["broker"] == "memory"
        assert sum(told["outcomes"].values()) == told["commands"] > 500
        assert told["dead_letters"] == 1
        assert rows_in(told["environment"]["WALK_DATABASE_URL"]) == sum(told["walks"].values())
        started = descendants(process)

        process.send_signal(signal.SIGINT)

        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    assert "Every row and event checked" in errors
    assert f"export WALK_DATABASE_URL={told['environment']['WALK_DATABASE_URL']}" in errors
    assert nothing_is_left(folder, started)


def written(folder: Path, traffic: Traffic, **wrong: object) -> list[str]:
    """The commands of one walk as files, with a row that is expected otherwise."""
    key = next(key for key, row in traffic.expected.sessions.items() if row["status"] == "resolved")
    lines = [record.value or b"" for record in traffic.records if record.key == key.encode()]
    commands, expected = folder / "commands.jsonl", folder / "expected.json"
    commands.write_bytes(b"\n".join(lines))
    row = {"status": "resolved", **wrong}
    told = {"commands": len(lines), "sessions": {key: row}, "events": {"l1.walk.started.v1": 1}}
    expected.write_text(json.dumps(told))
    return ["--commands", str(commands), "--expected", str(expected)]


def test_a_difference_is_told_and_ends_it_with_1(tmp_path: Path) -> None:
    files = written(tmp_path, simulate(10), ticket_id="another")
    done = subprocess.run([*DEMO, *files], text=True, capture_output=True, timeout=PATIENCE, check=False)
    assert done.returncode == 1, done.stderr
    assert "expected 'another'" in done.stdout


def test_a_worker_that_ends_is_told_with_its_log(folder: Path) -> None:
    with demo(folder, "--walks", "5", "--json", "--stay") as process:
        assert first_line(process)["ok"]
        started = descendants(process)
        worker = worker_of(process)
        assert worker is not None
        worker.kill()
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "The worker ended by itself, with exit code -9." in errors.splitlines()[-1]
    assert "working: commands from" in errors
    assert nothing_is_left(folder, started)


def test_ctrl_c_before_its_end_leaves_nothing(folder: Path) -> None:
    with demo(folder, "--walks", "20000") as process:
        asyncio.run(until(lambda: worker_of(process) or process.poll(), PATIENCE, "the worker is started"))
        started = descendants(process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert nothing_is_left(folder, started)


@pytest.mark.parametrize(
    "arguments", [["--walks", "0"], ["--commands", "nothing.jsonl"], ["--broker", "rabbit"]]
)
def test_a_wrong_command_line_is_told_in_one_line(arguments: list[str]) -> None:
    done = subprocess.run([*DEMO, *arguments], text=True, capture_output=True, timeout=PATIENCE, check=False)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
