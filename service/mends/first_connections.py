"""aiokafka's first connection, which stays open where a start is cancelled between it and the brokers' answer.

No `stop` knows of it: it is closed when Python collects it, with a warning, or with the process.
"""

from contextvars import ContextVar
from typing import Any

from aiokafka import client as aiokafka_client
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection

_create_conn = aiokafka_client.create_conn
_bootstrap = AIOKafkaClient.bootstrap


class _Start:
    """What a start opens, as long as it lasts: the tasks that it leaves behind run on in its context."""

    def __init__(self) -> None:
        self.lasts = True
        self.opened: list[AIOKafkaConnection] = []


_start: ContextVar[_Start | None] = ContextVar("_start", default=None)


def close_first_connections() -> None:
    """Let every client of this process close what it has opened where its start fails or is cancelled."""
    aiokafka_client.create_conn = _noted_create_conn
    AIOKafkaClient.bootstrap = _closing_bootstrap


async def _noted_create_conn(*args: Any, **options: Any) -> AIOKafkaConnection:
    connection = await _create_conn(*args, **options)
    start = _start.get()
    if start is not None and start.lasts:
        start.opened.append(connection)
    return connection


async def _closing_bootstrap(self: AIOKafkaClient) -> None:
    start = _Start()
    token = _start.set(start)
    try:
        await _bootstrap(self)
    except BaseException:
        for connection in start.opened:
            connection.close()
        raise
    finally:
        start.lasts = False
        _start.reset(token)
