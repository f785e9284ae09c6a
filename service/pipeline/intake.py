"""Records in: what is ours goes through one transaction, and what fails is tried again, split or stopped.

admitted -> committed -> handed over to be published
              | the world failed      -> look up where the partitions stand, wait, fetch again
              | fenced                -> look up; what another worker took is dropped
              | the data is at fault  -> split until the bad command stands alone; it stops its partition
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, NamedTuple, Protocol

from aiokafka import ConsumerRecord

from l1_walk_contracts import Unsupported
from service.pipeline.conditions import Conditions
from service.pipeline.failure import Fault, classify, delays, describe
from service.pipeline.observer import Observer
from service.pipeline.partitions import Partition, Partitions
from service.pipeline.slices import Committed, Fetched, R, Slice

logger = logging.getLogger(__name__)


class Runs(Protocol[R]):
    """Handles slices in one transaction."""

    async def run(self, slices: Sequence[Slice[R]]) -> Committed:
        """All of the slices, or nothing and an error."""


class Work(NamedTuple, Generic[R]):
    """What is to be handled of one partition."""

    partition: Partition
    records: Sequence[R]


class Intake(Generic[R]):
    """Takes the records of one topic as they are fetched.

    Args:
        partitions: what this worker holds.
        decode: tells what each record is.
        batch: the transaction.
        conditions: is told what is awaited.
        observer: is told of failures.
        committed: is told what each batch that stands owes, at once.
    """

    def __init__(
        self,
        partitions: Partitions,
        decode: Callable[[Sequence[ConsumerRecord]], list[R]],
        batch: Runs[R],
        conditions: Conditions,
        observer: Observer,
        committed: Callable[[Committed], None],
    ) -> None:
        self._partitions = partitions
        self._decode = decode
        self._batch = batch
        self._conditions = conditions
        self._observer = observer
        self._committed = committed
        self._waits: Iterator[float] = delays()

    async def take(self, records: Sequence[ConsumerRecord]) -> None:
        """Handle what was fetched; returns when it is handled, or will be fetched again."""
        work, unsupported = _cut(self._admit(records))
        if work:
            await self._settle(work)
        for partition, one in unsupported:
            if self._reached(partition, one):
                self._partitions.stop(
                    partition.number,
                    f"stopped at offset {one.offset}: this version of the worker does not know the type of the command"
                    f" ({one.message.error}): deploy one that does",
                )

    def _admit(self, records: Sequence[ConsumerRecord]) -> list[Work[R]]:
        """What is ours to handle: not of a partition that was lost or stopped, not what was handled before."""
        by_partition: dict[int, list[ConsumerRecord]] = {}
        for record in records:
            by_partition.setdefault(record.partition, []).append(record)
        work = []
        for number, fetched in by_partition.items():
            partition = self._partitions.held.get(number)
            if partition is None or partition.stopped:
                continue
            ours = [record for record in fetched if record.offset >= partition.next_offset]
            if ours:
                work.append(Work(partition, self._decode(ours)))
        return work

    async def _settle(self, work: Sequence[Work[R]]) -> None:
        """Commit the work; split it where the data is at fault."""
        try:
            if not await self._commit(work):
                return
        except Exception as error:
            fault = classify(error)
            self._observer.failed("batch")
            if fault is Fault.DATA:
                await self._isolate(work, error)
            else:
                await self._recover(work, fault, error)

    async def _commit(self, work: Sequence[Work[R]]) -> bool:
        """Run the transaction on what is still ours of the work; whether anything was."""
        async with self._partitions.lock:
            slices = [_slice(one) for one in work if self._holds(one)]
            if not slices:
                return False
            committed = await self._batch.run(slices)
            for number, offset in committed.positions.items():
                partition = self._partitions.held[number]
                partition.stored_offset = partition.next_offset = offset
            self._committed(committed)
        self._waits = delays()
        self._conditions.end("database")
        return True

    def _holds(self, one: Work[R]) -> bool:
        held = self._partitions.held.get(one.partition.number)
        return held is one.partition and not held.stopped and one.records[0].offset >= held.next_offset

    def _reached(self, partition: Partition, one: Fetched) -> bool:
        held = self._partitions.held.get(partition.number)
        return held is partition and not held.stopped and held.next_offset <= one.offset

    async def _isolate(self, work: Sequence[Work[R]], error: Exception) -> None:
        halves = _halves(work)
        if halves is not None:
            for half in halves:
                await self._settle(half)
            return
        partition, (bad,) = work[0]
        if self._reached(partition, bad):
            logger.error("command at offset %d failed", bad.offset, exc_info=error)
            self._partitions.stop(
                partition.number,
                f"stopped at offset {bad.offset}: this worker fails on the command ({describe(error)})",
            )

    async def _recover(self, work: Sequence[Work[R]], fault: Fault, error: Exception) -> None:
        """Look up where the partitions stand, as often as it takes, and fetch from there."""
        numbers = [one.partition.number for one in work]
        self._partitions.pause(numbers)
        if fault is Fault.FENCED:
            logger.warning("%s: looking it up", error)
        while True:
            if fault is not Fault.FENCED:
                logger.debug("attempt failed", exc_info=error)
                self._conditions.begin("database", f"waiting for it: {describe(error)}")
            await asyncio.sleep(next(self._waits))
            try:
                await self._partitions.reload(numbers)
            except Exception as again:
                fault, error = classify(again), again
            else:
                return


def _slice(one: Work[R]) -> Slice[R]:
    partition = one.partition
    return Slice(partition.number, partition.epoch, partition.stored_offset, one.records)


def _cut(work: Sequence[Work[R]]) -> tuple[list[Work[R]], list[tuple[Partition, R]]]:
    """The work before the first record of an unsupported type, for each partition, and those records."""
    whole, unsupported = [], []
    for partition, records in work:
        at = next((n for n, one in enumerate(records) if isinstance(one.message, Unsupported)), len(records))
        if at:
            whole.append(Work(partition, records[:at]))
        if at < len(records):
            unsupported.append((partition, records[at]))
    return whole, unsupported


def _halves(work: Sequence[Work[R]]) -> tuple[list[Work[R]], list[Work[R]]] | None:
    """The work in two parts, in order; None where it is one record."""
    if len(work) > 1:
        middle = len(work) // 2
        return list(work[:middle]), list(work[middle:])
    partition, records = work[0]
    if len(records) == 1:
        return None
    middle = len(records) // 2
    return [Work(partition, records[:middle])], [Work(partition, records[middle:])]
