"""Moving progress over what stands behind the last record and is none: markers of transactions, what was taken back.

Those are handed to nobody. Once retention had removed them, progress before them would lie outside of what the topic
holds, and nobody could tell that nothing was lost.
"""

import asyncio
import logging
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition

from service.pipeline.partitions import Partitions
from service.store import progress
from service.store.progress import Step

logger = logging.getLogger(__name__)

BEYOND_SECONDS = 60.0
"""They must have been the last thing for so long: usually the next record comes first, and nothing is written."""


class Beyond:
    """Is told of polls that found nothing: between two batches whatever the consumer has passed was no record.

    Args:
        partitions: whose progress.
    """

    def __init__(self, partitions: Partitions) -> None:
        self._partitions = partitions
        self._passed: dict[int, int] = {}
        self._looked = 0.0

    async def nothing_fetched(self, consumer: AIOKafkaConsumer) -> None:
        """Look once in a while, and move what still stands where it stood at the last look."""
        now = asyncio.get_running_loop().time()
        if now - self._looked < BEYOND_SECONDS:
            return
        self._looked = now
        before, self._passed = self._passed, await self._look(consumer)
        still = {n: offset for n, offset in self._passed.items() if before.get(n) == offset}
        if still:
            try:
                await self._move(consumer, still)
            except Exception as error:
                logger.debug("progress was not moved over markers", exc_info=error)

    async def _look(self, consumer: AIOKafkaConsumer) -> dict[int, int]:
        """The partitions where the consumer stands beyond the next offset, and where it does."""
        fetched = consumer.assignment() - consumer.paused()
        passed = {}
        for number, partition in self._partitions.held.items():
            tp = TopicPartition(self._partitions.topic, number)
            if tp in fetched and not partition.stopped:
                position = await consumer.position(tp)
                if position > partition.next_offset:
                    passed[number] = position
        return passed

    async def _move(self, consumer: AIOKafkaConsumer, passed: Mapping[int, int]) -> None:
        async with self._partitions.lock:
            held, there = self._partitions.held, await self._look(consumer)
            steps = [
                Step(number, held[number].epoch, held[number].next_offset, offset)
                for number, offset in passed.items()
                if there.get(number) == offset and held[number].stored_offset == held[number].next_offset
            ]
            if not steps:
                return
            async with self._partitions.database.transaction() as connection:
                moved = await progress.move_over(connection, self._partitions.topic, steps)
            for step in steps:
                if step.partition in moved:
                    held[step.partition].stored_offset = held[step.partition].next_offset = step.to_offset
