"""After the acknowledgement: the table forgets what was published, then Kafka is told how far partitions are."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from service.pipeline.failure import delays
from service.store import outbox
from service.store.database import Database
from service.store.outbox import Message, Place

logger = logging.getLogger(__name__)

TIDY_SECONDS = 0.1
"""The table is tidied and offsets are committed at most this often."""
COMMIT_SECONDS = 5.0
"""Offsets are for lag tools alone: while Kafka does not take them, the table is tidied all the same."""


class Published(NamedTuple):
    """What of a partition was published and is not forgotten yet: all behind one place, up to another."""

    behind: Place
    last: Place


class Tidying:
    """Forgets what was published and commits offsets, now and then, for all of it at once.

    It looks at those rows alone that are to be forgotten (see `outbox.forget`), never back to where a partition
    begins. So each forgetting waits for the disk: nobody would come back for what a crash of the database undid.

    Args:
        database: holds the outbox.
        commit_offsets: tells Kafka how far partitions are, for tools that show lag.
    """

    def __init__(
        self, database: Database, commit_offsets: Callable[[Mapping[int, int]], Awaitable[None]]
    ) -> None:
        self._database = database
        self._commit_offsets = commit_offsets
        self._published: dict[int, Published] = {}
        self._positions: dict[int, int] = {}
        self._untidy = asyncio.Event()
        self._lock = asyncio.Lock()

    def note(self, messages: Sequence[Message], positions: Mapping[int, int] | None = None) -> None:
        """These were acknowledged, and all before them of their partitions; so far Kafka may be told that it is."""
        for message in messages:
            before = self._published.get(message.partition)
            behind = before.behind if before else (message.offset, message.number - 1)
            self._published[message.partition] = Published(behind, message.place)
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
            positions = dict(self._positions)
            await self._forget()
            if positions:
                async with asyncio.timeout(COMMIT_SECONDS):
                    await self._commit_offsets(positions)
                for partition, offset in positions.items():
                    if self._positions.get(partition) == offset:
                        del self._positions[partition]

    async def forget(self) -> None:
        """Forget what was published up to now.

        Raises:
            Whatever asyncpg raises, TimeoutError: try again.
        """
        async with self._lock:
            await self._forget()

    async def _forget(self) -> None:
        published = dict(self._published)
        if not published:
            return
        last = {partition: one.last for partition, one in published.items()}
        behind = {partition: one.behind for partition, one in published.items()}
        async with self._database.transaction() as connection:
            await outbox.forget(connection, last, behind)
        for partition, place in last.items():
            now = self._published.get(partition)
            if now is not None and now.last == place:
                del self._published[partition]
            elif now is not None:
                self._published[partition] = now._replace(behind=place)
