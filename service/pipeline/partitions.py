"""Taking and losing partitions (design 9, rule 2): who may move a partition's progress, and from where."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError

from service.pipeline.conditions import Conditions
from service.pipeline.failure import Fault, classify, delays, describe, locate
from service.pipeline.reach import Held, another, last_handled, out_of_reach
from service.store import progress
from service.store.database import Database
from service.store.progress import Progress

logger = logging.getLogger(__name__)

RETAKE_SECONDS = 15.0
"""A partition that another worker took while the group still gives it to us is taken again after this: longer than
the group needs to notice that one of us is not in it any more."""
TAKES_IN_DOUBT = 3
"""The take from which records are handled one by one: two in a row moved nothing (design 9, rule 5)."""
LAST_WORD_SECONDS = 1.0
"""How long giving partitions up may wait for the database to note it."""
Offsets: TypeAlias = Mapping[TopicPartition, int]

_STOPPED = "stopped: {}: look with walk progress show, then walk progress set lets it go on"


@dataclass(slots=True)
class Partition:
    """A partition that this worker holds."""

    number: int
    epoch: int
    stored_offset: int | None
    """Its progress in the database, as last written or read; None: nothing handled yet."""
    next_offset: int
    """The next offset to handle."""
    stopped: str | None = None
    """Why it is not handled further."""
    alone_until: int | None = None
    """Records before this offset are to be handled one by one: something among them may kill workers."""
    tried_offset: int | None = None
    """The record that was last tried alone, and how often, as read when the partition was taken."""
    tries: int = 0


class Partitions(ConsumerRebalanceListener):  # type: ignore[misc]
    """The partitions of one topic that this worker holds; the group's listener.

    Args:
        topic: whose partitions.
        database: where progress is kept.
        conditions: is told what keeps a partition from being handled.
        consumer: the group's consumer, once there is one.
        digests: tells the digest of the last record between two offsets of each partition; without one, nothing.
        compacted: whether the topic is.
        batch_max: how far ahead records are handled one by one where something among them may kill workers.
        before_resume: given the partitions just taken, tells which of them may go on, as soon as they may.
        after_loss: awaited after partitions were given up, their last transaction ended.
    """

    def __init__(
        self,
        topic: str,
        database: Database,
        conditions: Conditions,
        *,
        consumer: Callable[[], AIOKafkaConsumer],
        digests: Callable[[Mapping[int, tuple[int, int]]], Awaitable[Mapping[int, bytes]]],
        compacted: bool = False,
        batch_max: int,
        before_resume: Callable[[Collection[int]], AsyncGenerator[Collection[int], None]] | None = None,
        after_loss: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.lock = asyncio.Lock()
        """Held while a batch is in its transaction: a partition is given up only between batches."""
        self.held: dict[int, Partition] = {}
        self.topic = topic
        self.taking_condition = f"taking partitions of {topic}"
        """Its name while partitions that were assigned cannot be taken."""
        self.database = database
        self._conditions = conditions
        self._consumer = consumer
        self._digests = digests
        self._compacted = compacted
        self._batch_max = batch_max
        self._before_resume = before_resume
        self._after_loss = after_loss
        self._takes: set[asyncio.Task[None]] = set()
        self.joined = False
        """Whether the group has given us anything, or nothing, yet."""

    @property
    def taking(self) -> bool:
        """Whether assigned partitions are still being taken."""
        return bool(self._takes)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Hold the new partitions still, then take them beside the group's own work.

        Fetching resumes before this callback has finished (aiokafka issue 738), and heartbeats stop in it: so
        nothing is awaited here. Any position keeps aiokafka from asking for committed offsets and
        from resetting to them.
        """
        self.joined = True
        consumer = self._consumer()
        consumer.pause(*assigned)
        for tp in assigned:
            consumer.seek(tp, 0)
        if assigned:
            self._start_take({tp.partition for tp in assigned})

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Give up everything: the batch in flight ends first, then what it owes is published."""
        await self.give_up()

    async def give_up(self) -> None:
        """Handle nothing more of what is held."""
        for take in list(self._takes):
            take.cancel()
        await asyncio.gather(*self._takes, return_exceptions=True)
        async with self.lock:
            given_up = {number: partition.epoch for number, partition in self.held.items()}
            await self._note_given_up(given_up)
            for number in given_up:
                self._drop(number)
        if given_up and self._after_loss is not None:
            await self._after_loss()

    async def _note_given_up(self, epochs: dict[int, int]) -> None:
        """That a partition was given up in good order clears it of the doubt that something in it kills workers."""
        if not epochs:
            return
        try:
            async with asyncio.timeout(LAST_WORD_SECONDS), self.database.transaction() as connection:
                await progress.give_up(connection, self.topic, epochs)
        except Exception as error:
            logger.debug("giving partitions up was not noted", exc_info=error)

    async def reload(self, numbers: Iterable[int]) -> None:
        """Look up where partitions stand, after a check that failed or a commit whose answer was lost, and go on there.

        A partition that another worker has taken is dropped.
        """
        async with self.lock:
            wanted = [n for n in numbers if n in self.held]
            if not wanted:
                return
            async with self.database.transaction() as connection:
                stored = {p.partition: p for p in await progress.read(connection, self.topic, wanted)}
            mine = [stored[n] for n in wanted if n in stored and stored[n].epoch == self.held[n].epoch]
            for number in set(wanted) - {p.partition for p in mine}:
                self._lose(number, stored.get(number))
        await self._go_on(mine)

    async def changed(self) -> list[int]:
        """The partitions that stand elsewhere than this worker left them, to be reloaded.

        A person sets progress, and puts an older database back, also where nothing is to be handled.

        Raises:
            Whatever asyncpg raises: the database does not answer.
        """
        if (
            self.lock.locked()
        ):  # what is under way looks itself, and may take long: an erasure, a large redrive
            async with self.database.transaction():
                return []
        async with self.lock:
            held = dict(self.held)
            async with self.database.transaction() as connection:
                stored = await progress.read(connection, self.topic, list(held))
        there = {at.partition: (at.epoch, at.next_offset) for at in stored}
        return [
            number
            for number, one in held.items()
            if self.held.get(number) is one and there.get(number) != (one.epoch, one.stored_offset)
        ]

    def fetched(self) -> None:
        """A poll went well."""
        self._conditions.end(f"fetching from {self.topic}")

    def fetch_again(self, error: Exception) -> None:
        """Fetch everything from where it stands: what a poll had taken out of the buffers before it failed is gone."""
        unforeseen = classify(error) is Fault.DATA
        self._conditions.begin(
            f"fetching from {self.topic}",
            locate(error) if unforeseen else describe(error),
            level=logging.ERROR if unforeseen else logging.WARNING,
        )
        self._seek_back()

    async def fetch_within(self) -> None:
        """Stop the partitions whose next offset lies outside of what the topic holds; fetch the others again.

        Raises:
            KafkaError: the broker does not tell.
        """
        self._seek_back()
        tps = [TopicPartition(self.topic, number) for number in self.held]
        first, end = await self._extent(tps)
        for tp in tps:
            partition = self.held.get(tp.partition)
            if partition is None or partition.stopped:
                continue
            astray = out_of_reach(Held(self.topic, first[tp], end[tp]), partition.next_offset)
            if astray is not None:
                self.stop(tp.partition, _STOPPED.format(astray))

    def _seek_back(self) -> None:
        assigned = self._consumer().assignment()
        for number, partition in self.held.items():
            tp = TopicPartition(self.topic, number)
            if tp in assigned:
                self._consumer().seek(tp, partition.next_offset)

    def stop(self, number: int, reason: str) -> None:
        """Handle a partition no further, and say why in the log and in `/readyz`."""
        self.held[number].stopped = reason
        self.pause([number])
        self._conditions.begin(self._condition(number), reason, level=logging.ERROR)

    def pause(self, numbers: Iterable[int]) -> None:
        """Fetch nothing of these partitions, those of them that are assigned."""
        consumer = self._consumer()
        for number in numbers:
            tp = TopicPartition(self.topic, number)
            if tp in consumer.assignment():
                consumer.pause(tp)

    def _start_take(self, numbers: Collection[int], delay: float = 0.0, *, again: bool = False) -> None:
        task = asyncio.create_task(
            self._take(numbers, delay, again=again), name=f"take {self.topic} {sorted(numbers)}"
        )
        self._takes.add(task)
        task.add_done_callback(self._end_take)

    def _end_take(self, task: asyncio.Task[None]) -> None:
        """However it ended: taken, or nothing of ours to take any more."""
        self._takes.discard(task)
        if not self._takes:
            self._conditions.end(self.taking_condition)

    async def _take(self, numbers: Collection[int], delay: float, *, again: bool) -> None:
        waits = delays()
        await asyncio.sleep(delay)
        while True:
            try:
                async with self.database.transaction() as connection:
                    taken = await progress.take(connection, self.topic, numbers, again=again)
                self.held.update({p.partition: _partition(p) for p in taken})
                await self._go_on(taken, compare=True)
            except IllegalStateError:
                return  # no longer assigned: the next assignment is already on its way
            except Exception as error:
                unforeseen = classify(error) is Fault.DATA
                logger.debug("take failed", exc_info=error)
                self._conditions.begin(
                    self.taking_condition,
                    describe(error),
                    level=logging.ERROR if unforeseen else logging.WARNING,
                )
                await asyncio.sleep(next(waits))
            else:
                logger.info("handling partitions %s of %s", sorted(numbers), self.topic)
                return

    async def _go_on(self, stored: Sequence[Progress], *, compare: bool = False) -> None:
        """Handle partitions from their stored progress on, each as soon as it may; `compare` says whether to look
        that the topic is still the same one."""
        if not stored:
            return
        first, end = await self._extent([TopicPartition(self.topic, at.partition) for at in stored])
        others = await self._others(stored, first, end) if compare else set()
        if self._before_resume is None:
            self._resume(stored, first, end, others)
            return
        async with aclosing(self._before_resume([at.partition for at in stored])) as cleared:
            async for clear in cleared:
                self._resume([at for at in stored if at.partition in clear], first, end, others)

    def _resume(
        self, stored: Sequence[Progress], first: Offsets, end: Offsets, others: Collection[int]
    ) -> None:
        consumer = self._consumer()
        for at in stored:
            tp, partition = TopicPartition(self.topic, at.partition), self.held.get(at.partition)
            if partition is None or partition.epoch != at.epoch or partition.stopped:
                continue
            partition.stored_offset = at.next_offset
            partition.next_offset = first[tp] if at.next_offset is None else at.next_offset
            held = Held(self.topic, first[tp], end[tp])
            astray = out_of_reach(held, partition.next_offset)
            if astray is None and at.partition in others:
                astray = another(held, partition.next_offset)
            if astray is not None:
                self.stop(at.partition, _STOPPED.format(astray))
                continue
            if at.takes >= TAKES_IN_DOUBT and partition.next_offset < end[tp]:
                partition.alone_until = min(partition.next_offset + self._batch_max, end[tp])
            consumer.seek(tp, partition.next_offset)
            consumer.resume(tp)

    async def _extent(self, tps: Collection[TopicPartition]) -> tuple[Offsets, Offsets]:
        """Where the partitions begin and end now."""
        consumer = self._consumer()
        first, end = await asyncio.gather(consumer.beginning_offsets(tps), consumer.end_offsets(tps))
        return first, end

    async def _others(self, stored: Sequence[Progress], first: Offsets, end: Offsets) -> set[int]:
        """Those of the partitions where another record stands in the place of the one that was handled last.

        Where none stands there, nothing is known: it went with its retention.
        """
        places: dict[int, tuple[int, int]] = {}
        for at in stored:
            tp = TopicPartition(self.topic, at.partition)
            if at.next_offset is not None and at.digest is not None:
                held = Held(self.topic, first[tp], end[tp])
                if place := last_handled(held, at.next_offset, compacted=self._compacted):
                    places[at.partition] = place
        there = await self._digests(places)
        return {at.partition for at in stored if there.get(at.partition, at.digest) != at.digest}

    def _drop(self, number: int) -> None:
        del self.held[number]
        self.pause([number])
        self._conditions.end(self._condition(number))

    def _lose(self, number: int, stored: Progress | None) -> None:
        """Drop a partition whose epoch is not ours; take it again, while the group gives it to us."""
        by_hand = stored is not None and stored.set_by_hand
        if by_hand:
            logger.info("partition %d: its progress was set by hand: going on from there", number)
        else:
            logger.warning("partition %d was taken by another worker: dropped here", number)
        self._drop(number)
        if TopicPartition(self.topic, number) in self._consumer().assignment():
            self._start_take([number], 0.0 if by_hand else RETAKE_SECONDS, again=not by_hand)

    def _condition(self, number: int) -> str:
        return f"partition {number} of {self.topic}"


def _partition(at: Progress) -> Partition:
    return Partition(
        at.partition,
        at.epoch,
        at.next_offset,
        at.next_offset or 0,
        tried_offset=at.tried_offset,
        tries=at.tries,
    )
