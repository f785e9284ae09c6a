"""aiokafka's connections on uvloop, which raises a RuntimeError at writing to what is closed; asyncio's loop drops it.

aiokafka does not foresee it: the task that keeps its metadata fresh ends, and with it a consumer's way back to its
group after the brokers were away.
"""

from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError, KafkaError

_send = AIOKafkaConnection.send


def bear_closed_connections() -> None:
    """Let every connection of this process tell of it as of any other that broke."""
    AIOKafkaConnection.send = _bearing_send


def _bearing_send(self: AIOKafkaConnection, request: Any, expect_response: bool = True) -> Any:
    try:
        return _send(self, request, expect_response)
    except KafkaError:
        raise
    except RuntimeError as error:
        self.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError(f"Connection at {self.host}:{self.port} broken: {error}") from error
