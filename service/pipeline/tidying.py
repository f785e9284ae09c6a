"""After the acknowledgement: the table forgets what was published, then Kafka is told how far partitions are."""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from service.pipeline.failure import delays
from service.store import outbox
from service.store.database import Database
from service.store.outbox import START, Message, Place

logger = logging.getLogger(__name__)

TIDY_SECONDS = 0.1
"""The table is tidied and offsets are committed at most this often."""
COMMIT_SECONDS = 5.0
"""Offsets are for lag tools alone: while Kafka does not take them, the table is tidied all the same."""
REACH_BACK = 10
"""Each forgetting covers so many before it once more: if the database crashes, the last ones are undone, since they
do not wait for the disk. It does not reach back to the beginning (see `outbox.forget`)."""


class Tidying:
    """Forgets what was published and commits offsets, now and then, for all of it at once.

    Args:
        database: holds the outbox.
        commit_offsets: tells Kafka how far partitions are, for tools that show lag.
    """

    def __init__(
        self, database: Database, commit_offsets: Callable[[Mapping[int, int]], Awaitable[None]]
    ) -> None:
        self._database = database
        self._commit_offsets = commit_offsets
        self._published: dict[int, Place] = {}
        self._positions: dict[int, int] = {}
        self._forgotten: defaultdict[int, deque[Place]] = defaultdict(lambda: deque(maxlen=REACH_BACK))
        self._untidy = asyncio.Event()
        self._lock = asyncio.Lock()

    def note(self, messages: Sequence[Message], positions: Mapping[int, int] | None = None) -> None:
        """These were acknowledged, and all before them of their partitions; so far Kafka may be told that it is."""
        for message in messages:
            self._published[message.partition] = message.place
        self._positions.update(positions or {})
        self._untidy.set()

    async def begin_anew(self, partitions: Iterable[int]) -> None:
        """Partitions were taken, and the table may hold anything of them: what is known of it counts no more.

        What was published of them is forgotten before, if that can be done at once; else it is published again.
        """
        try:
            await self.tidy()
        except Exception as error:
            logger.debug("tidying failed", exc_info=error)
        for partition in partitions:
            self._published.pop(partition, None)
            self._forgotten.pop(partition, None)

    async def run(self) -> None:
        """Tidy as often as there is something to tidy, until cancelled."""
        waits = delays(TIDY_SECONDS)
        while True:
            await self._untidy.wait()
            try:
                await self.tidy()
            except Exception as error:
                logger.debug("tidying failed", exc_info=error)
                await asyncio.sleep(next(waits))
                self._untidy.set()
            else:
                waits = delays(TIDY_SECONDS)
                await asyncio.sleep(TIDY_SECONDS)

    async def tidy(self) -> None:
        """Forget what was published, then tell Kafka how far the partitions are; one at a time, so never backwards.

        Raises:
            Whatever asyncpg raises, TimeoutError: try again.
        """
        async with self._lock:
            self._untidy.clear()
            published, positions = dict(self._published), dict(self._positions)
            if published:
                await self._forget(published)
                _clear(self._published, published)
            if positions:
                async with asyncio.timeout(COMMIT_SECONDS):
                    await self._commit_offsets(positions)
                _clear(self._positions, positions)

    async def _forget(self, published: Mapping[int, Place]) -> None:
        behind = {partition: self._behind(partition, place) for partition, place in published.items()}
        async with self._database.transaction(durable=False) as connection:
            await outbox.forget(connection, published, behind)
        for partition, place in published.items():
            self._forgotten[partition].append(place)

    def _behind(self, partition: int, place: Place) -> Place:
        forgotten = self._forgotten[partition]
        if len(forgotten) < REACH_BACK or forgotten[0] >= place:
            return START
        return forgotten[0]


def _clear(noted: dict, done: Mapping) -> None:  # type: ignore[type-arg]
    for partition, place in done.items():
        if noted.get(partition) == place:
            del noted[partition]
