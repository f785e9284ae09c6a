"""Records in: what is ours goes through one transaction, and what fails is tried again, split or put aside.

admitted -> committed -> handed over to be published
              | the world failed      -> look up where the partitions stand, wait, fetch again
              | fenced                -> look up; what another worker took is dropped
              | the data is at fault  -> split until the bad record stands alone; it is put aside
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, Protocol

from aiokafka import ConsumerRecord

from l1_walk_contracts import Settle
from service.pipeline.conditions import Conditions
from service.pipeline.doubt import Doubt
from service.pipeline.failure import Fault, classify, delays, describe, locate
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
    follows: int
    """Where the partition stands once all before these is handled; only then may these be: nothing is skipped."""


class Intake(Generic[R]):
    """Takes the records of one topic as they are fetched.

    Args:
        partitions: what this worker holds.
        decode: tells what each record is.
        batch: the transaction.
        conditions: is told what is awaited.
        observer: is told of failures.
        doubt: tells poison from the world.
        committed: is told what each batch that stands owes, at once.
        put_aside: makes of a record that fails one that is put aside, given the fault; without it, or where also
            that fails, the partition stops.
    """

    def __init__(
        self,
        partitions: Partitions,
        decode: Callable[[Sequence[ConsumerRecord]], list[R]],
        batch: Runs[R],
        conditions: Conditions,
        observer: Observer,
        doubt: Doubt,
        committed: Callable[[Committed], None] | None = None,
        put_aside: Callable[[R, str], R] | None = None,
    ) -> None:
        self._partitions = partitions
        self._decode = decode
        self._batch = batch
        self._conditions = conditions
        self._observer = observer
        self._doubt = doubt
        self._last_error: Exception | None = None
        self._committed = committed
        self._put_aside = put_aside
        self._waits: Iterator[float] = delays()
        self._condition = f"database, for {partitions.topic}"

    async def take(self, records: Sequence[ConsumerRecord]) -> None:
        """Handle what was fetched; returns when it is handled, or will be fetched again."""
        try:
            for work in _portions(self._admit(records)):
                await self._settle(work)
        except Exception as error:
            logger.error("an error that nobody foresaw: %s", locate(error))
            logger.debug("this one", exc_info=error)
            await self._recover({record.partition: record.offset for record in records}, Fault.DATA, error)

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
                work.append(Work(partition, self._decode(ours), partition.next_offset))
        return work

    async def _settle(self, work: Sequence[Work[R]], *, aside: bool = False) -> None:
        """Commit the work; split it where the data is at fault.

        Args:
            work: what to handle.
            aside: it is one record that is to be put aside.
        """
        tried = False
        try:
            if aside or not await self._guilty(work):
                tried = not aside
                await self._commit(work)
        except Exception as error:
            fault = classify(error)
            self._observer.failed("batch", error)
            if fault is Fault.DATA:
                await self._isolate(work, error)
            else:
                await self._recover(_reach(work), fault, error)
                self._doubt.failed([(one.partition, one.records) for one in work], error, tried=tried)
                self._last_error = error

    async def _guilty(self, work: Sequence[Work[R]]) -> bool:
        """Whether this is one record that nothing but its own fault explains; then it is put aside.

        Where nothing can be, its partition would stop, and failures of the world are waited for: it is guilty only of
        what ends workers.
        """
        one, record = work[0], work[0].records[0]
        if not self._doubt.alone(one.partition, record.offset) or not self._holds(one):
            return False
        error = self._last_error if self._put_aside is not None else None
        fault = await self._doubt.verdict(one.partition, record, error)
        if fault is not None:
            await self._give_up(one, fault)
        return fault is not None

    async def _commit(self, work: Sequence[Work[R]]) -> None:
        """Run the transaction on what is still ours of the work."""
        async with self._partitions.lock:
            slices = [_slice(one) for one in work if self._holds(one)]
            if not slices:
                return
            committed = await self._batch.run(slices)
            for number, offset in committed.positions.items():
                partition = self._partitions.held[number]
                partition.stored_offset = partition.next_offset = offset
            if committed.walks:
                self._doubt.cleared()
            if self._committed is not None:
                self._committed(committed)
        self._waits = delays()
        self._conditions.end(self._condition)

    def _holds(self, one: Work[R]) -> bool:
        held = self._partitions.held.get(one.partition.number)
        return held is one.partition and not held.stopped and held.next_offset == one.follows

    async def _isolate(self, work: Sequence[Work[R]], error: Exception) -> None:
        halves = _halves(work)
        if halves is not None:
            for half in halves:
                await self._settle(half)
            return
        if self._holds(work[0]):
            logger.debug("record at offset %d failed", work[0].records[0].offset, exc_info=error)
            await self._give_up(work[0], locate(error))

    async def _give_up(self, one: Work[R], fault: str) -> None:
        """Put the one record aside; where that cannot be, its partition stops."""
        (bad,) = one.records
        aside = bad if self._put_aside is None else self._put_aside(bad, fault)
        if aside is bad:
            number = one.partition.number
            self._partitions.stop(
                number, f"stopped at offset {bad.offset}: this worker fails on it ({fault})"
            )
        else:
            await self._settle([one._replace(records=[aside])], aside=True)

    async def _recover(self, reach: Mapping[int, int], fault: Fault, error: Exception) -> None:
        """Look up where partitions stand, as often as it takes, and fetch from there.

        Args:
            reach: each partition, and the offset of the last record that was to be handled.
            fault: whose it is.
            error: what happened.
        """
        self._partitions.pause(reach)
        if fault is Fault.FENCED:
            logger.warning("%s: looking it up", error)
        while True:
            if fault is not Fault.FENCED:
                logger.debug("attempt failed", exc_info=error)
                self._conditions.begin(self._condition, f"waiting for it: {describe(error)}")
            await asyncio.sleep(next(self._waits))
            try:
                await self._partitions.reload(reach)
            except Exception as again:
                fault, error = classify(again), again
            else:
                break
        if not any(self._awaits(number, offset) for number, offset in reach.items()):
            self._conditions.end(self._condition)

    def _awaits(self, number: int, offset: int) -> bool:
        """Whether the record at this offset is still ours to handle."""
        held = self._partitions.held.get(number)
        return held is not None and not held.stopped and held.next_offset <= offset


def _slice(one: Work[R]) -> Slice[R]:
    partition = one.partition
    return Slice(partition.number, partition.epoch, partition.stored_offset, one.records)


def _portions(work: Sequence[Work[R]]) -> Iterator[list[Work[R]]]:
    """The work in the order in which it is done: together what can be, alone what must be.

    What workers ended on comes before anything else: so a worker that is killed by another cause, after it has handled
    something, has cleared it.
    """
    suspects = sorted(filter(_was_tried, work), key=lambda one: one.partition.tries, reverse=True)
    for one in suspects:
        yield [_split(one, 1)[0]]
    work = [_split(one, 1)[1] if _was_tried(one) else one for one in work]
    while work := [one for one in work if one.records]:
        together, alone, later = [], [], []
        for one in work:
            at = next(
                (n for n, record in enumerate(one.records) if _stands_alone(one.partition, record)), None
            )
            if at is None:
                together.append(one)
                continue
            before, after = _split(one, at)
            if before.records:
                together.append(before)
            first, rest = _split(after, 1)
            alone.append(first)
            if rest.records:
                later.append(rest)
        if together:
            yield together
        for one in alone:
            yield [one]
        work = later


def _stands_alone(partition: Partition, record: Fetched) -> bool:
    """A command that settles dead letters, and what is in doubt."""
    return isinstance(record.message, Settle) or Doubt.alone(partition, record.offset)


def _was_tried(one: Work[R]) -> bool:
    """Whether its first record was in hand, alone, when a worker before this one ended."""
    partition, offset = one.partition, one.records[0].offset
    return Doubt.alone(partition, offset) and partition.tries > 0 and partition.tried_offset == offset


def _halves(work: Sequence[Work[R]]) -> tuple[Sequence[Work[R]], Sequence[Work[R]]] | None:
    """The work in two parts, in order; None where it is one record."""
    if len(work) > 1:
        middle = len(work) // 2
        return work[:middle], work[middle:]
    records = work[0].records
    if len(records) == 1:
        return None
    before, after = _split(work[0], len(records) // 2)
    return [before], [after]


def _split(one: Work[R], at: int) -> tuple[Work[R], Work[R]]:
    before, after = one.records[:at], one.records[at:]
    follows = before[-1].offset + 1 if before else one.follows
    return one._replace(records=before), Work(one.partition, after, follows)


def _reach(work: Sequence[Work[R]]) -> dict[int, int]:
    return {one.partition.number: one.records[-1].offset for one in work}
