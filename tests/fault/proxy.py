"""A TCP proxy between a worker and a server, which cuts, delays, throttles and swallows what passes.

One that stands before PostgreSQL also knows a COMMIT when it sees one, and can lose it, or the answer to it.
"""

import asyncio
import contextlib
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Self

from service.dev.ports import LOOPBACK, free_ports

CHUNK = 64 * 1024
_SSL_REQUEST = 80877103


class Loss(StrEnum):
    """What of a commit gets lost."""

    ANSWER = "answer"
    """It reaches the server and happens; the connection breaks before the answer."""
    REQUEST = "request"
    """The connection breaks before it reaches the server: it never happens."""
    SILENCE = "silence"
    """It happens, the answer does not come, and the connection stays."""


OnCommit = Callable[[], Loss | None]


@dataclass(eq=False)
class _Passage:
    """One connection through the proxy."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    silent: bool = False
    """Whether nothing of the server's reaches the client any more."""
    swallowed: asyncio.Event = field(default_factory=asyncio.Event)
    """Whether something did not."""

    def reset(self) -> None:
        for writer in (self.client, self.server):
            writer.transport.abort()
        for task in self.tasks:
            task.cancel()


class Proxy:
    """`async with Proxy(target) as proxy:` listens on `proxy.port` and passes everything on to `target`, both ways.

    Args:
        target: the server's port on 127.0.0.1.
        port: where to listen; any free one by default.
        on_commit: makes it a PostgreSQL proxy: is asked at each COMMIT what of it gets lost.
    """

    def __init__(self, target: int, port: int | None = None, on_commit: OnCommit | None = None) -> None:
        self.port = port or free_ports(1)[0]
        self.delay = 0.0
        """Seconds by which each chunk comes later, each way."""
        self.bytes_per_second = 0.0
        """How fast each connection is, each way; 0: as fast as it goes."""
        self.on_commit = on_commit
        self._target = target
        self._refuses = False
        self._open = asyncio.Event()
        self._open.set()
        self._passages: set[_Passage] = set()
        self._listener: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_server(self._pass, LOOPBACK, self.port, limit=CHUNK)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._listener is not None
        self._listener.close()
        self.mend()
        self.reset()

    def reset(self) -> None:
        """Break every connection there is."""
        for passage in self._passages:
            passage.reset()

    def cut(self) -> None:
        """Break every connection, and each new one, until `mend`."""
        self._refuses = True
        self.reset()

    def swallow(self) -> None:
        """Let nothing through any more, and tell nobody, until `mend`; new connections are taken and stay silent."""
        self._open.clear()

    def mend(self) -> None:
        """Let new connections through as they should be; those from before a silence are broken."""
        if not self._open.is_set():
            self.reset()
        self._refuses, self.delay, self.bytes_per_second = False, 0.0, 0.0
        self._open.set()

    async def _pass(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        await self._open.wait()
        if self._refuses:
            client.transport.abort()
            return
        try:
            answers, server = await asyncio.open_connection(LOOPBACK, self._target, limit=CHUNK)
        except OSError:
            client.transport.abort()
            return
        passage = _Passage(client, server)
        self._passages.add(passage)
        there = self._commits(passage, reader) if self.on_commit else self._stream(passage, reader, server)
        back = self._stream(passage, answers, client)
        passage.tasks = [asyncio.create_task(there), asyncio.create_task(back)]
        try:
            await asyncio.wait(passage.tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            passage.reset()
            self._passages.discard(passage)
            await asyncio.gather(*passage.tasks, return_exceptions=True)

    async def _stream(
        self, passage: _Passage, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while chunk := await reader.read(CHUNK):
            if passage.silent and writer is passage.client:
                passage.swallowed.set()
            else:
                await self._send(writer, chunk)

    async def _commits(self, passage: _Passage, reader: asyncio.StreamReader) -> None:
        """PostgreSQL's messages from a client, one by one, until it leaves or a commit is lost."""
        with contextlib.suppress(asyncio.IncompleteReadError):
            await self._greet(passage, reader)
            while await self._pass_message(passage, reader):
                pass

    async def _pass_message(self, passage: _Passage, reader: asyncio.StreamReader) -> bool:
        head = await reader.readexactly(5)
        body = await reader.readexactly(struct.unpack(">I", head[1:])[0] - 4)
        is_commit = head[:1] == b"Q" and body[:6].upper() == b"COMMIT"
        loss = self.on_commit() if is_commit and self.on_commit else None
        if loss is Loss.REQUEST:
            return False
        passage.silent = passage.silent or loss is not None
        await self._send(passage.server, head + body)
        if loss is Loss.ANSWER:
            await passage.swallowed.wait()  # so it has happened
            return False
        return True

    async def _greet(self, passage: _Passage, reader: asyncio.StreamReader) -> None:
        """What a client sends before its first message proper: the wish to encrypt, then who it is."""
        code = _SSL_REQUEST
        while code == _SSL_REQUEST:
            head = await reader.readexactly(4)
            body = await reader.readexactly(struct.unpack(">I", head)[0] - 4)
            (code,) = struct.unpack(">I", body[:4])
            await self._send(passage.server, head + body)

    async def _send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        await self._open.wait()
        if wait := self.delay + (len(data) / self.bytes_per_second if self.bytes_per_second else 0):
            await asyncio.sleep(wait)
        writer.write(data)
        await writer.drain()
