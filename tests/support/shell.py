"""`walk` as a process of its own, with the settings of a site."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from service.settings import Settings
from tests.support.site import environment
from tests.support.terminal import Ended

WALK = (sys.executable, "-m", "service")
PATIENCE = 60.0
NO_MORE: Mapping[str, str] = {}


class Shell:
    """Where commands are typed."""

    def __init__(self, settings: Settings) -> None:
        others = {name: value for name, value in os.environ.items() if not name.startswith("WALK_")}
        self.env = others | environment(settings)

    async def walk(self, *arguments: str, given: bytes = b"", env: Mapping[str, str] = NO_MORE) -> Ended:
        """What a command says and how it ends, given this on its standard input."""
        process = await asyncio.create_subprocess_exec(
            *WALK, *arguments, env={**self.env, **env}, stdin=PIPE, stdout=PIPE, stderr=PIPE
        )
        async with asyncio.timeout(PATIENCE):
            out, err = await process.communicate(given)
        assert process.returncode is not None
        return Ended(process.returncode, out.decode(), err.decode())

    @asynccontextmanager
    async def running(self, *arguments: str) -> AsyncIterator[Process]:
        """A command that goes on until the block ends, whose output can be read meanwhile."""
        process = await asyncio.create_subprocess_exec(
            *WALK, *arguments, env=self.env, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
            await process.communicate()


async def line(process: Process) -> str:
    """The next line of its standard output."""
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        return (await process.stdout.readline()).decode()
