"""A client whose start is cancelled while the first broker is silent has no connection left."""

import asyncio

import pytest
from aiokafka.client import AIOKafkaClient

from service.dev.ports import LOOPBACK
from service.mends.first_connections import close_first_connections
from tests.support.connections import open_connections

API_VERSIONS = 18


async def test_a_start_that_is_cancelled_leaves_no_connection() -> None:
    close_first_connections()
    asked, gone = asyncio.Event(), asyncio.Event()

    async def tell_versions_and_fall_silent(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while size := await reader.read(4):
            request = await reader.readexactly(int.from_bytes(size))
            if int.from_bytes(request[:2]) == API_VERSIONS:
                answer = request[4:8] + b"\0\0" + (1).to_bytes(4) + b"\0\3\0\0\0\1"  # Metadata, 0 to 1
                writer.write(len(answer).to_bytes(4) + answer)
            else:
                asked.set()
        writer.close()
        await writer.wait_closed()
        gone.set()

    server = await asyncio.start_server(tell_versions_and_fall_silent, LOOPBACK, 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        client = AIOKafkaClient(bootstrap_servers=f"{LOOPBACK}:{port}", client_id="cancelled")
        starting = asyncio.create_task(client.bootstrap())
        await asyncio.wait_for(asked.wait(), 10)
        assert open_connections("cancelled")
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert not open_connections("cancelled")
        await asyncio.wait_for(gone.wait(), 10)
        await client.close()
