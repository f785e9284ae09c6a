"""Lines of a file, which is there, and of a pipe, which goes on coming."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from service.cli.exits import CommandError, ExitCode
from service.ops.command_lines import Line, numbered

_CHUNK = 64 * 1024
_CHUNKS_AHEAD = 16
_YIELD_EVERY = 500
"""Lines of a file after which others get their turn."""


def file_lines(path: Path) -> Iterator[Line]:
    """The lines of a file that are not blank.

    Raises:
        CommandError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            yield from numbered(file)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}", ExitCode.USAGE) from None


async def patiently(lines: Iterator[Line]) -> AsyncIterator[Line]:
    """The lines of a file, with the event loop let in now and then."""
    for count, line in enumerate(lines):
        if count % _YIELD_EVERY == 0:
            await asyncio.sleep(0)
        yield line


async def pipe_lines(descriptor: int) -> AsyncIterator[Line]:
    """The lines of a pipe or terminal as they come, without those that are blank."""
    chunks: asyncio.Queue[bytes] = asyncio.Queue(_CHUNKS_AHEAD)
    reader = threading.Thread(
        target=_read, args=(descriptor, chunks, asyncio.get_running_loop()), daemon=True
    )
    reader.start()
    number, rest = 1, b""
    while chunk := await chunks.get():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in numbered(whole, number):
            yield line
        number += len(whole)
    for line in numbered([rest], number):
        yield line


def _read(descriptor: int, chunks: asyncio.Queue[bytes], loop: asyncio.AbstractEventLoop) -> None:
    """Runs in a thread, which a read that nobody answers may hold for ever: so it is nobody's to join."""
    chunk = b"-"
    while chunk:
        chunk = os.read(descriptor, _CHUNK)
        try:
            asyncio.run_coroutine_threadsafe(chunks.put(chunk), loop).result()
        except (RuntimeError, asyncio.CancelledError):
            return  # the loop has ended, or is about to
