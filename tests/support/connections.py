"""What aiokafka has open in this process."""

import gc

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
