"""The disk is full, of the database or of the broker, and then it is not."""

import asyncio
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg

from service.dev.kafka import EmbeddedKafka
from service.dev.postgres import EmbeddedPostgres
from tests.fault.lab import Lab
from tests.fault.run import Run
from tests.fault.scenario import Scenario

SIZE = "600m"
FULL_SECONDS = 8.0


@functools.cache
def cannot_mount() -> str | None:
    """Why no small volume can be had here, or None."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        return "a small volume needs root and mount"
    with tempfile.TemporaryDirectory() as folder:
        tried = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, check=False
        )
        if tried.returncode:
            return "a small volume cannot be mounted here"
        subprocess.run(["umount", folder], check=True)
    return None


class Volume:
    """A small volume in the place of a server's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Leave no byte."""
        with self._filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(64 * 1024))

    def free(self) -> None:
        """Give it all back."""
        self._filler.unlink()


@asynccontextmanager
async def small_volume(server: EmbeddedPostgres | EmbeddedKafka, folder: Path) -> AsyncIterator[Volume]:
    """The server goes on with what it has on a small volume, and at the end without."""
    aside = f"{folder}.aside"
    await asyncio.to_thread(server.stop)
    _run("mv", f"{folder}", aside)
    _run("mkdir", f"{folder}")
    _run("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", f"{folder}")
    try:
        _run("cp", "-a", "--sparse=always", f"{aside}/.", f"{folder}")
        await asyncio.to_thread(server.start)
        yield Volume(folder)
    finally:
        await asyncio.to_thread(server.stop)
        _run("rm", "-r", aside)
        _run("cp", "-a", "--sparse=always", f"{folder}", aside)
        _run("umount", f"{folder}")
        _run("rmdir", f"{folder}")
        _run("mv", aside, f"{folder}")
    await asyncio.to_thread(server.start)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


async def database_full(run: Run) -> None:
    """The database's volume is full for some seconds, twice; where that takes the server down, it is started again."""
    await _full(run, run.lab.postgres, run.lab.postgres._data, _use_up_log)


async def broker_full(run: Run) -> None:
    """The same with the broker's volume."""
    await _full(run, run.lab.kafka, run.lab.kafka._home / "log")


async def _use_up_log(run: Run) -> None:
    """Let PostgreSQL want new files of its log at once, rather than when the old ones are full."""
    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        for _ in range(20):
            await run.query("SELECT pg_switch_wal(), pg_logical_emit_message(false, 'fault', 'x')")


async def _full(
    run: Run,
    server: EmbeddedPostgres | EmbeddedKafka,
    folder: Path,
    press: Callable[[Run], Awaitable[None]] | None = None,
) -> None:
    volume = await run.until_the_end(small_volume(server, folder))
    for _ in range(2):
        run.fleet.start()
    await run.fleet.ready()
    run.begin(seconds=40)
    for _ in range(2):
        await run.gets_on(50)
        await asyncio.to_thread(volume.fill)
        run.figures["times full"] += 1
        if press is not None:
            await press(run)
        await run.pause(FULL_SECONDS)
        volume.free()
        run.figures["servers down"] += await run.lab.mend()
    await run.gets_on(20)
    assert "No space left on device" in server.log.read_text(errors="replace"), "the volume was never full"


def _missing(_: Lab) -> str | None:
    return cannot_mount()


DISK = (
    Scenario(
        "disk-full-database",
        "The database's volume full, then freed, twice.",
        database_full,
        missing=_missing,
    ),
    Scenario(
        "disk-full-broker", "The broker's volume full, then freed, twice.", broker_full, missing=_missing
    ),
)
