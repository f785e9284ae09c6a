"""Sending simulated records as upstream does: in order, none lost, none twice."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence

from aiokafka import AIOKafkaProducer

from service.dev.simulation.expected import Record
from service.kafka import client_options, stop
from service.settings import Settings

IN_FLIGHT = 5_000
"""Records that may wait for their acknowledgement."""
_PROGRESS_EVERY = 200

OnProgress = Callable[[int], None]


async def publish(
    records: Sequence[Record],
    settings: Settings,
    topic: str,
    *,
    rate: float | None = None,
    on_progress: OnProgress | None = None,
) -> None:
    """Send `records` to `topic` in their order and wait until the broker has them all.

    Args:
        records: key and value each.
        settings: where the brokers are.
        topic: the topic of the commands.
        rate: records a second; None: as fast as they go.
        on_progress: is told every now and then how many were sent.

    Raises:
        aiokafka.errors.KafkaError: the broker cannot be reached or refuses a record.
    """
    tell = on_progress or (lambda sent: None)
    producer = AIOKafkaProducer(**client_options(settings), enable_idempotence=True, linger_ms=5)
    try:
        await producer.start()
        await _send_all(producer, records, topic, rate, tell)
    finally:
        await stop(producer)


async def _send_all(
    producer: AIOKafkaProducer, records: Sequence[Record], topic: str, rate: float | None, tell: OnProgress
) -> None:
    waiting: deque[asyncio.Future[object]] = deque()
    began = time.monotonic()
    for number, record in enumerate(records):
        if rate is not None and (ahead := began + number / rate - time.monotonic()) > 0:
            await asyncio.sleep(ahead)
        waiting.append(await producer.send(topic, record.value, key=record.key))
        if len(waiting) >= IN_FLIGHT:
            await waiting.popleft()
        if number % _PROGRESS_EVERY == 0:
            tell(number)
    await asyncio.gather(*waiting)
    tell(len(records))
