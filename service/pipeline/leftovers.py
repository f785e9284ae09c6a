"""What a crash left in the outbox, and leaves first when its partition is next taken (design 9, rule 6).

While a worker lives, little gathers: `Relay.room` lets no batch begin while two wait for Kafka, so a crash leaves
three batches at most, however long Kafka was away. What is here bears any number of messages of any size: a page of
each partition in turn, the next one being read while one is published.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from typing import TypeVar

from service.pipeline.conditions import Conditions
from service.pipeline.failure import delays, describe
from service.pipeline.tidying import Tidying
from service.store import outbox
from service.store.database import Connection, Database
from service.store.outbox import START, Message, Place

logger = logging.getLogger(__name__)

T = TypeVar("T")

CONDITION = "outbox"


class Leftovers:
    """Publishes what the outbox holds of partitions just taken.

    Args:
        database: holds the outbox.
        conditions: is told while partitions wait for what was left of them, and why.
        publish: sends messages in their order, and returns when Kafka has them.
        tidying: is told of what Kafka has, and forgets it.
    """

    def __init__(
        self,
        database: Database,
        conditions: Conditions,
        publish: Callable[[Sequence[Message]], Awaitable[None]],
        tidying: Tidying,
    ) -> None:
        self._database = database
        self._conditions = conditions
        self._publish = publish
        self._tidying = tidying

    async def clear(self, partitions: Collection[int]) -> AsyncGenerator[Collection[int], None]:
        """Publish what is owed of these partitions, and tell of which nothing is left as soon as that is so.

        Left means in the table: what is new may stand in the place of what was old, since a topic that was made anew
        gives the same offsets again.

        May be closed or cancelled at any time: what was published and not noted as such stays in the table, and is
        published again, with the same bytes, by whoever takes the partition next.

        Yields:
            Partitions that owe nothing: first those that never did, then each that is done.
        """
        owing = await self._read(lambda connection: outbox.owing(connection, partitions))
        yield set(partitions).difference(owing)
        counts = Counter[int]()
        turns = deque((partition, START) for partition in owing)
        page = self._next_page(turns)
        try:
            while page is not None:
                partition, reading = page
                messages = await reading
                if messages:
                    turns.append((partition, messages[-1].place))
                page = self._next_page(turns)
                if messages:
                    if counts[partition]:
                        self._begin_condition(partition)
                    await self._publish(messages)
                    self._tidying.note(messages)
                    counts[partition] += len(messages)
                else:
                    await self._retried(self._tidying.forget)
                    logger.info(
                        "partition %d: %d messages left over are published", partition, counts[partition]
                    )
                    self._conditions.end(_condition(partition))
                    yield {partition}
        finally:
            for partition in owing:
                self._conditions.end(_condition(partition))
            if page is not None:
                page[1].cancel()
                await asyncio.wait([page[1]])

    def _next_page(self, turns: deque[tuple[int, Place]]) -> tuple[int, asyncio.Task[list[Message]]] | None:
        """Begin to read a page of the partition whose turn it is; None: there is none any more."""
        if not turns:
            return None
        partition, after = turns.popleft()
        reading = self._read(lambda connection: outbox.read(connection, partition, after))
        return partition, asyncio.create_task(reading, name=f"outbox of partition {partition}")

    async def _read(self, read: Callable[[Connection], Awaitable[T]]) -> T:
        async def in_transaction() -> T:
            async with self._database.transaction() as connection:
                return await read(connection)

        return await self._retried(in_transaction)

    async def _retried(self, work: Callable[[], Awaitable[T]]) -> T:
        """What it gives, for which it waits as long as it takes."""
        waits = delays()
        while True:
            try:
                done = await work()
            except Exception as error:
                logger.debug("the outbox was not reached", exc_info=error)
                self._conditions.begin(CONDITION, describe(error))
                await asyncio.sleep(next(waits))
            else:
                self._conditions.end(CONDITION)
                return done

    def _begin_condition(self, partition: int) -> None:
        """Not for what is done at once: most of what is left over is a page or less."""
        self._conditions.begin(
            _condition(partition), "what was left over is published first", level=logging.INFO
        )


def _condition(partition: int) -> str:
    return f"outbox of partition {partition}"
