import asyncio
import contextlib

import pytest
import uvloop
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from service.dev.ports import LOOPBACK
from service.mends.closed_connections import bear_closed_connections


def test_a_connection_that_was_closed_under_uvloop_is_a_broken_one() -> None:
    """As when a broker is killed while a request is on its way."""
    bear_closed_connections()
    with pytest.raises(KafkaConnectionError, match="the handler is closed"):
        uvloop.run(write_to_what_is_closed())


async def write_to_what_is_closed() -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), LOOPBACK, 0)
    connection = AIOKafkaConnection(LOOPBACK, server.sockets[0].getsockname()[1], request_timeout_ms=5_000)
    reader, writer = await asyncio.open_connection(connection.host, connection.port)
    connection._reader, connection._writer = reader, writer
    connection._read_task = asyncio.create_task(asyncio.Event().wait())  # it has not noticed yet
    connection._versions = {MetadataRequest.API_KEY: (0, 1)}
    try:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await reader.read()
            await writer.wait_closed()
        await connection.send(MetadataRequest([]))
    finally:
        server.close()
        await server.wait_closed()
