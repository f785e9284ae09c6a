"""From the outbox to Kafka, after the commit (design 9, rule 6): in commit order, every acknowledgement awaited.

What a batch owes is handed over in memory and published while the next batch is in its transaction; what a crash left
behind is read from the table when its partition is taken. Published again is fine, left out is not: so the table
forgets a message only after its acknowledgement, in transactions that need not wait for the disk.
"""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from service.pipeline.conditions import Conditions
from service.pipeline.failure import delays, describe
from service.pipeline.observer import Observer
from service.pipeline.publishers import Publishers
from service.store import outbox
from service.store.database import Database
from service.store.outbox import Message

logger = logging.getLogger(__name__)

BATCHES_WAITING = 2
"""Batches that may wait to be published before the next one is begun."""
ACK_SECONDS = 30.0
"""An acknowledgement that takes longer is given up, and with it the producer: its batches never expire."""
TIDY_SECONDS = 0.1
"""The table is tidied and offsets are committed at most this often."""
COMMIT_SECONDS = 5.0
"""Offsets are for lag tools alone: while Kafka does not take them, the table is tidied all the same."""

CONDITION = "publishing"


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
        self._database = database
        self._publishers = publishers
        self._conditions = conditions
        self._observer = observer
        self._commit_offsets = commit_offsets
        self._waiting: deque[tuple[Sequence[Message], Mapping[int, int]]] = deque()
        self._owed = asyncio.Event()
        self._moved = asyncio.Condition()
        self._published: dict[int, tuple[int, int]] = {}
        self._positions: dict[int, int] = {}
        self._untidy = asyncio.Event()
        self._tidying = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def depth(self) -> int:
        """Messages handed over and not yet acknowledged."""
        return sum(len(messages) for messages, _ in self._waiting)

    def start(self) -> None:
        """Begin to publish what is handed over."""
        self._tasks = [
            asyncio.create_task(self._publish_waiting(), name="relay"),
            asyncio.create_task(self._tidy_often(), name="outbox tidying"),
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
        self._waiting.append((messages, positions))
        self._owed.set()

    async def room(self) -> None:
        """Wait until another batch may be begun."""
        async with self._moved:
            await self._moved.wait_for(lambda: len(self._waiting) < BATCHES_WAITING)

    async def drain(self, seconds: float) -> bool:
        """Wait until all that was handed over is published and tidied away, at most so long.

        Returns:
            Whether it is. If not, the rest stands in the outbox, for whoever takes the partition next.
        """
        try:
            async with asyncio.timeout(seconds):
                async with self._moved:
                    await self._moved.wait_for(lambda: not self._waiting)
                await self._tidy()
        except Exception as error:
            logger.debug("not drained", exc_info=error)
            return False
        return True

    async def publish_leftovers(self, partitions: Collection[int]) -> None:
        """Publish what the outbox holds of these partitions, before anything new of them.

        Raises:
            Whatever asyncpg raises: try again.
        """
        async with self._moved:
            await self._moved.wait_for(lambda: not self._waiting)
        await self._tidy()
        for partition in sorted(partitions):
            place = (-1, -1)
            while True:
                async with self._database.transaction() as connection:
                    messages = await outbox.read(connection, partition, place)
                if not messages:
                    break
                logger.info("partition %d: publishing %d messages left over", partition, len(messages))
                await self._publish(messages)
                place = (messages[-1].offset, messages[-1].number)
                async with self._database.transaction(durable=False) as connection:
                    await outbox.forget(connection, {partition: place})

    async def _publish_waiting(self) -> None:
        while True:
            await self._owed.wait()
            self._owed.clear()
            while self._waiting:
                messages, positions = self._waiting[0]
                if messages:
                    await self._publish(messages)
                self._note_published(messages, positions)
                async with self._moved:
                    self._waiting.popleft()
                    self._moved.notify_all()

    async def _publish(self, messages: Sequence[Message]) -> None:
        waits = delays()
        while True:
            started = time.perf_counter()
            try:
                async with asyncio.timeout(ACK_SECONDS):
                    await self._publishers.publish(messages)
            except Exception as error:
                self._observer.failed("publish", error)
                logger.debug("publishing failed", exc_info=error)
                self._conditions.begin(CONDITION, f"Kafka does not take what is owed: {describe(error)}")
                await asyncio.sleep(next(waits))
                await self._renew_producer()
            else:
                self._conditions.end(CONDITION)
                self._observer.published(Counter(m.topic for m in messages), time.perf_counter() - started)
                return

    async def _renew_producer(self) -> None:
        """A producer that has failed may be dead for good (out-of-order sequence), or hang: take another."""
        try:
            await self._publishers.renew()
        except Exception as error:
            logger.debug("no new producer", exc_info=error)
            self._conditions.begin(CONDITION, f"Kafka cannot be reached: {describe(error)}")

    def _note_published(self, messages: Sequence[Message], positions: Mapping[int, int]) -> None:
        for message in messages:
            self._published[message.partition] = (message.offset, message.number)
        self._positions.update(positions)
        self._untidy.set()

    async def _tidy_often(self) -> None:
        waits = delays(TIDY_SECONDS)
        while True:
            await self._untidy.wait()
            try:
                await self._tidy()
            except Exception as error:
                logger.debug("tidying failed", exc_info=error)
                await asyncio.sleep(next(waits))
                self._untidy.set()
            else:
                waits = delays(TIDY_SECONDS)
                await asyncio.sleep(TIDY_SECONDS)

    async def _tidy(self) -> None:
        """Forget what was published, then tell Kafka how far the partitions are; one at a time, so never backwards."""
        async with self._tidying:
            self._untidy.clear()
            published, positions = dict(self._published), dict(self._positions)
            if published:
                async with self._database.transaction(durable=False) as connection:
                    await outbox.forget(connection, published)
                self._clear(self._published, published)
            if positions:
                async with asyncio.timeout(COMMIT_SECONDS):
                    await self._commit_offsets(positions)
                self._clear(self._positions, positions)

    @staticmethod
    def _clear(noted: dict, done: Mapping) -> None:  # type: ignore[type-arg]
        for partition, place in done.items():
            if noted.get(partition) == place:
                del noted[partition]
