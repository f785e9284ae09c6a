"""What aiokafka has open, and what it does, in this process."""

import asyncio
import gc
from typing import Any

from aiokafka.conn import AIOKafkaConnection


def open_connections(client_id: str | None = None) -> set[int]:
    """Connections to brokers that are open, also those that nobody holds any more, by their identity.

    Args:
        client_id: only those of clients with this name.
    """
    gc.collect()
    return {
        id(o)
        for o in gc.get_objects()
        if isinstance(o, AIOKafkaConnection) and o.connected() and client_id in (None, o._client_id)
    }


def tasks_at_work() -> set[str]:
    """What aiokafka does behind the scenes of this event loop, by the names of its coroutines."""
    found = set()
    for task in asyncio.all_tasks():
        coroutine: Any = task.get_coro()
        if "/aiokafka/" in coroutine.cr_code.co_filename:
            found.add(coroutine.__qualname__)
    return found
