"""Publishing commands as a well-behaved upstream does: idempotent, in order, keyed by session."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from service.kafka import client_options, stop
from service.ops import broker
from service.ops.command_lines import CONTENT_TYPE, Line, LineError
from service.ops.errors import UnreachableError
from service.settings import Settings

IN_FLIGHT = 2000
"""Lines that may be without their acknowledgement."""
ACKNOWLEDGED_SECONDS = 30.0
"""How long acknowledgements may take."""


@dataclass(slots=True)
class Sent:
    """What the broker acknowledged."""

    topic: str
    lines: int = 0
    keys: set[bytes | None] = field(default_factory=set)


async def send(
    settings: Settings, lines: AsyncIterator[Line], sent: Sent, told: Callable[[int], Any] = lambda _: None
) -> None:
    """Sends the lines to the commands topic, in their order, with the partitioner that all but librdkafka use.

    Args:
        settings: where to.
        lines: what to send. What they raise ends it, after what came before is acknowledged.
        sent: counts what is acknowledged, also where an error ends it.
        told: called with the number of lines, whenever some were acknowledged.

    Raises:
        UnreachableError, RefusedError, NotSetUpError: the broker.
        LineError: a line is larger than the topic takes.
    """
    async with producing(settings, sent.topic) as producer:
        waiting: list[tuple[Line, asyncio.Future[Any]]] = []
        try:
            async for line in lines:
                waiting.append((line, await _hand_over(producer, sent.topic, line)))
                if len(waiting) >= IN_FLIGHT:
                    await _acknowledge(waiting, sent, told)
        finally:
            await _acknowledge(waiting, sent, told)


@asynccontextmanager
async def producing(settings: Settings, topic: str) -> AsyncIterator[AIOKafkaProducer]:
    """An idempotent producer for a topic that is there, stopped when the block ends; raises as `send` does."""
    with broker.explained(settings):
        producer = AIOKafkaProducer(**client_options(settings), enable_idempotence=True, linger_ms=5)
        try:
            await producer.start()
            await broker.partitions(producer.client, topic)
            yield producer
        finally:
            await stop(producer)


async def _hand_over(producer: AIOKafkaProducer, topic: str, line: Line) -> asyncio.Future[Any]:
    try:
        async with asyncio.timeout(ACKNOWLEDGED_SECONDS):
            future: asyncio.Future[Any] = await producer.send(
                topic, line.value, key=line.key, headers=[CONTENT_TYPE]
            )
            return future
    except MessageSizeTooLargeError:
        raise LineError(
            f"line {line.number}: {len(line.value):,} bytes are more than a message may have"
        ) from None


async def _acknowledge(
    waiting: list[tuple[Line, asyncio.Future[Any]]], sent: Sent, told: Callable[[int], Any]
) -> None:
    """Wait until the broker has all of them; those it has are counted even if another fails."""
    if not waiting:
        return
    done, _ = await asyncio.wait([future for _, future in waiting], timeout=ACKNOWLEDGED_SECONDS)
    failed = next((future.exception() for future in done if future.exception()), None)
    for line, future in waiting:
        if future in done and future.exception() is None:
            sent.lines += 1
            sent.keys.add(line.key)
    told(sent.lines)
    complete = len(done) == len(waiting)
    waiting.clear()
    if failed is not None:
        raise failed
    if not complete:
        raise UnreachableError(
            f"the broker stopped answering: {sent.lines:,} lines are acknowledged, those after them may be there or not"
        )
