"""A consumer of all that the workers publish, from the first moment on: safety is checked while things break."""

import asyncio
import contextlib

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from service.dev.simulation.seen import OUTPUTS, Message, Seen
from service.settings import Settings


class UnsafeError(AssertionError):
    """Something was published that must never be."""


class Watch:
    """Reads the topics as they grow; what it has `seen` keeps the first of each, and every difference (`Seen`)."""

    def __init__(self, settings: Settings) -> None:
        self.seen = Seen()
        self._settings = settings
        prefix = settings.topic_prefix
        self._names = {f"{prefix}.{name}": name for name in OUTPUTS}
        numbers = range(settings.topic_partitions)
        self._positions = {TopicPartition(topic, n): 0 for topic in self._names for n in numbers}
        self._task = asyncio.create_task(self._read_on(), name="watch")

    def check(self) -> None:
        """Raises UnsafeError with what was wrong so far."""
        if self._task.done():
            self._task.result()
        if self.seen.differences:
            raise UnsafeError("; ".join(self.seen.differences[:5]))

    async def close(self) -> None:
        """Read no further."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _read_on(self) -> None:
        while True:
            try:
                await self._read_with_one_consumer()
            except (KafkaError, OSError, TimeoutError):
                await asyncio.sleep(0.5)

    async def _read_with_one_consumer(self) -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._settings.require_kafka(),
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        try:
            await consumer.start()
            consumer.assign(list(self._positions))
            for place, offset in self._positions.items():
                consumer.seek(place, offset)
            while True:
                for place, records in (await consumer.getmany(timeout_ms=500)).items():
                    for record in records:
                        self._take(place, record.offset, record)
        finally:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(2):
                    await consumer.stop()

    def _take(self, place: TopicPartition, offset: int, record: object) -> None:
        if offset < self._positions[place]:
            return
        self._positions[place] = offset + 1
        message = Message(
            self._names[place.topic],
            record.key,  # type: ignore[attr-defined]
            record.value,  # type: ignore[attr-defined]
            tuple(record.headers),  # type: ignore[attr-defined]
        )
        self.seen.add(message)
