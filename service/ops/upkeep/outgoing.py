"""The worker's own commands, on their way to the commands topic.

By a producer of their own, which lives for one round: they are few, and what keeps them from being written must not
keep the events from it.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

from aiokafka import AIOKafkaProducer

from l1_walk_contracts import OutRecord
from service.kafka import stop

SEND_SECONDS = 20.0
CLOSE_SECONDS = 1.0


class Addressed(NamedTuple):
    """A record, and where it goes."""

    record: OutRecord
    partition: int | None
    """None: as the key's hash says."""


class Outgoing:
    """Sends what it is given.

    Args:
        new_producer: makes a producer, not started.
    """

    def __init__(self, new_producer: Callable[[], AIOKafkaProducer]) -> None:
        self._new_producer = new_producer

    async def send(self, commands: Sequence[Addressed]) -> None:
        """Send them in order; returns once the broker has all of them.

        Raises:
            KafkaError, TimeoutError: some may not be there.
        """
        if not commands:
            return
        producer = self._new_producer()
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await producer.start()
                sent = [
                    await producer.send(r.topic, r.value, key=r.key, headers=r.headers, partition=partition)
                    for r, partition in commands
                ]
                await asyncio.gather(*sent)
        finally:
            await stop(producer, flush=False, seconds=CLOSE_SECONDS)
