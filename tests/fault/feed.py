"""Upstream: sends the commands of a scenario in their order, through whatever happens to the broker."""

import asyncio
import contextlib
import time
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from service.dev.simulation.expected import Record
from service.settings import Settings

WINDOW = 200
"""Records that may wait for their acknowledgement."""
ACK_SECONDS = 30.0


class Feed:
    """Sends records in the background, over so many seconds unless told to hurry; with 0 as fast as it goes.

    A producer that fails is replaced, and what it had no acknowledgement of is sent again, in order: so upstream may
    send a command twice, and never out of order within its walk.
    """

    def __init__(self, settings: Settings, topic: str, records: Sequence[Record], seconds: float) -> None:
        self.acknowledged = 0
        self._settings = settings
        self._topic = topic
        self._records = records
        self._rate = len(records) / max(seconds, 0.001)
        self._hurry = asyncio.Event()
        self._task = asyncio.create_task(self._send_all(), name="feed")

    @property
    def over(self) -> bool:
        """Whether the broker has all of it."""
        return self._task.done()

    @property
    def size(self) -> int:
        """How many records it sends, each counted once."""
        return len(self._records)

    async def end(self, timeout: float) -> None:
        """Send what is left as fast as it goes, and return once the broker has it."""
        self._hurry.set()
        async with asyncio.timeout(timeout):
            await asyncio.shield(self._task)

    async def close(self) -> None:
        """Stop, wherever it is."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _send_all(self) -> None:
        while self.acknowledged < len(self._records):
            try:
                await self._send_with_one_producer()
            except (KafkaError, OSError, TimeoutError):
                await asyncio.sleep(0.5)

    async def _send_with_one_producer(self) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._settings.require_kafka(), enable_idempotence=True, linger_ms=5
        )
        try:
            async with asyncio.timeout(ACK_SECONDS):
                await producer.start()
            while self.acknowledged < len(self._records):
                await self._send_some(producer)
        finally:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(2):
                    await producer.stop()

    async def _send_some(self, producer: AIOKafkaProducer) -> None:
        began = time.monotonic()
        some = self._records[self.acknowledged : self.acknowledged + self._window()]
        async with asyncio.timeout(ACK_SECONDS):
            sent = [await producer.send(self._topic, record.value, key=record.key) for record in some]
            await asyncio.gather(*sent)
        self.acknowledged += len(some)
        if not self._hurry.is_set() and (left := began + len(some) / self._rate - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), left)

    def _window(self) -> int:
        return WINDOW if self._hurry.is_set() else max(1, min(WINDOW, round(self._rate / 20)))
