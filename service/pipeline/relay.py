"""From the outbox to Kafka, after the commit (design 9, rule 6): in commit order, every acknowledgement awaited.

What a batch owes is handed over in memory and published while the next batch is in its transaction; what a crash left
behind is read from the table when its partition is taken. Published again is fine, left out is not: so the table
forgets a message only after its acknowledgement.

Whatever Kafka does not take holds up all that comes after it, of every partition: no batch begins while two wait. So
memory is bounded, order is kept, the commands wait in Kafka, and `/readyz` says for what.
"""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from typing import NamedTuple

from service.pipeline.conditions import Conditions
from service.pipeline.failure import delays, describe
from service.pipeline.leftovers import Leftovers
from service.pipeline.observer import Observer
from service.pipeline.publishers import Publishers
from service.pipeline.tidying import Tidying
from service.store.database import Database
from service.store.outbox import Message

logger = logging.getLogger(__name__)

BATCHES_WAITING = 2
"""Batches that may wait to be published before the next one is begun."""
BYTES_WAITING = 16 * 1024 * 1024
"""The same in bytes: a batch may hold large messages only."""
PORTION_BYTES, LEAST_PORTION_BYTES = 4 * 1024 * 1024, 16 * 1024
"""What is sent at once. A portion that fails is tried smaller: what a slow line does not carry in time as a whole, it
carries in parts."""
ACK_SECONDS = 30.0
"""Acknowledgements that take longer are given up, and with them the producer: its batches never expire."""

CONDITION = "publishing"


class Owed(NamedTuple):
    """What a committed batch owes."""

    messages: Sequence[Message]
    positions: Mapping[int, int]
    size: int
    """Bytes of its messages."""


class Relay:
    """Publishes what is owed, for ever: an attempt that fails is made again.

    Args:
        database: holds the outbox.
        publishers: the way to Kafka.
        conditions: is told while Kafka does not take what is owed.
        observer: is told of what was published.
        commit_offsets: tells Kafka how far partitions are, for tools that show lag.
    """

    def __init__(
        self,
        database: Database,
        publishers: Publishers,
        conditions: Conditions,
        observer: Observer,
        commit_offsets: Callable[[Mapping[int, int]], Awaitable[None]],
    ) -> None:
        self._publishers = publishers
        self._conditions = conditions
        self._observer = observer
        self._tidying = Tidying(database, commit_offsets)
        self._leftovers = Leftovers(database, conditions, self._publish, self._tidying)
        self._waiting: deque[Owed] = deque()
        self._owed = asyncio.Event()
        self._moved = asyncio.Condition()
        self._handed_over = 0
        self._portion = PORTION_BYTES
        self._sending = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def depth(self) -> int:
        """Messages handed over and not yet acknowledged."""
        return sum(len(owed.messages) for owed in self._waiting)

    def start(self) -> None:
        """Begin to publish what is handed over."""
        self._tasks = [
            asyncio.create_task(self._publish_waiting(), name="relay"),
            asyncio.create_task(self._tidying.run(), name="outbox tidying"),
        ]

    async def stop(self) -> None:
        """Stop where it is; what is still owed stands in the table."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def alive(self) -> bool:
        """Whether its tasks run."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    def hand_over(self, messages: Sequence[Message], positions: Mapping[int, int]) -> None:
        """Take on what a committed batch owes, and the offsets to tell Kafka once it is published."""
        self._waiting.append(Owed(messages, positions, sum(map(_size, messages))))
        self._handed_over += 1
        self._owed.set()

    async def room(self) -> None:
        """Wait until another batch may be begun."""
        await self._wait_until(self._has_room)

    async def drain(self, seconds: float) -> bool:
        """Wait until all that was handed over is published and tidied away, at most so long.

        Returns:
            Whether it is. If not, the rest stands in the outbox, for whoever takes the partition next.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._wait_until(lambda: not self._waiting)
                await self._tidying.tidy()
        except Exception as error:
            logger.debug("not drained", exc_info=error)
            return False
        return True

    async def publish_leftovers(self, partitions: Collection[int]) -> AsyncGenerator[Collection[int], None]:
        """Publish what the outbox holds of these partitions, before anything new of them.

        What this worker itself committed of them before is on its way already and goes first, and is forgotten.

        Yields:
            Those of the partitions of which nothing is owed any more, as soon as that is so.
        """
        before = self._handed_over
        await self._wait_until(lambda: self._handed_over - len(self._waiting) >= before)
        await self._tidying.begin_anew(partitions)
        async with aclosing(self._leftovers.clear(partitions)) as cleared:
            async for clear in cleared:
                yield clear

    async def _wait_until(self, so: Callable[[], bool]) -> None:
        async with self._moved:
            await self._moved.wait_for(so)

    def _has_room(self) -> bool:
        few = len(self._waiting) < BATCHES_WAITING
        return few and sum(owed.size for owed in self._waiting) < BYTES_WAITING

    async def _publish_waiting(self) -> None:
        while True:
            await self._owed.wait()
            self._owed.clear()
            while self._waiting:
                owed = self._waiting[0]
                await self._publish(owed.messages)
                self._tidying.note(owed.messages, owed.positions)
                async with self._moved:
                    self._waiting.popleft()
                    self._moved.notify_all()

    async def _publish(self, messages: Sequence[Message]) -> None:
        """Publish portion after portion, each as often as it takes: the next only when all of one is acknowledged."""
        waits = delays()
        while messages:
            portion = _first(messages, self._portion)
            if await self._attempt(portion):
                messages = messages[len(portion) :]
                self._portion = min(self._portion * 2, PORTION_BYTES)
                waits = delays()
            else:
                self._portion = max(self._portion // 2, LEAST_PORTION_BYTES)
                await asyncio.sleep(next(waits))

    async def _attempt(self, messages: Sequence[Message]) -> bool:
        """Publish once; alone, since whoever fails takes another producer."""
        async with self._sending:
            started = time.perf_counter()
            try:
                async with asyncio.timeout(ACK_SECONDS):
                    await self._publishers.publish(messages)
            except Exception as error:
                self._observer.failed("publish", error)
                logger.debug("publishing failed", exc_info=error)
                self._conditions.begin(CONDITION, f"Kafka does not take what is owed: {describe(error)}")
                await self._renew_producer()
                return False
        self._conditions.end(CONDITION)
        self._observer.published(Counter(m.topic for m in messages), time.perf_counter() - started)
        return True

    async def _renew_producer(self) -> None:
        """A producer that has failed may be dead for good (out-of-order sequence), or hang: take another."""
        try:
            await self._publishers.renew()
        except Exception as error:
            logger.debug("no new producer", exc_info=error)
            self._conditions.begin(CONDITION, f"Kafka cannot be reached: {describe(error)}")


def _size(message: Message) -> int:
    size = len(message.key or b"") + len(message.value or b"")
    for _, content in message.headers:
        size += len(content or b"")
    return size


def _first(messages: Sequence[Message], size: int) -> Sequence[Message]:
    """As many of the messages, from the first on, as reach this size."""
    total = 0
    for count, message in enumerate(messages, 1):
        total += _size(message)
        if total >= size:
            return messages[:count]
    return messages
