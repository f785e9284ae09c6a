"""A topic, its consumer and the state behind it, all in memory, for tests of the intake."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast
from uuid import UUID

from aiokafka import ConsumerRecord

from l1_walk_contracts import Outcome, Record, Settle, SettleVerb
from service.pipeline.conditions import Conditions
from service.pipeline.doubt import Doubt
from service.pipeline.failure import FencedError
from service.pipeline.intake import Intake
from service.pipeline.observer import Phases
from service.pipeline.partitions import Partition, Partitions
from service.pipeline.slices import Committed, Slice
from tests.support.consumed import consumed

ANSWER_LOST = "answer lost"

GOOD = b"good"
BAD = b"bad"
SLOW = b"slow"
SETTLE = b"settle"
ASIDE = "put aside"
_SETTLE = Settle("s", "/s", "i", SettleVerb.REDRIVE, "t", UUID(int=0), "ops", None, {})


class DataFaultError(Exception):
    """What a batch meets that holds a bad command."""


class One(NamedTuple):
    partition: int
    offset: int
    record: Record
    message: Any


def decode(records: Sequence[ConsumerRecord]) -> list[One]:
    return [
        One(
            r.partition,
            r.offset,
            Record(r.key, r.value),
            _SETTLE if r.value == SETTLE else None,
        )
        for r in records
    ]


def put_aside(one: One, error: str) -> One:
    return one._replace(message=f"{ASIDE}: {error}")


class Silent:
    """An observer that counts failures alone."""

    def __init__(self) -> None:
        self.failures = 0

    def phases(self) -> Phases:
        return Phases()

    def batch(self, size: int, outcomes: Mapping[tuple[Outcome, str], int], phases: Phases) -> None: ...

    def published(self, topics: Mapping[str, int], seconds: float) -> None: ...

    def failed(self, what: str, error: BaseException) -> None:
        self.failures += 1


class Log:
    """Partitions with their records; `committed` holds what was handled, `faults` what the next batches meet.

    A fault is an exception to raise, None for none, or `ANSWER_LOST`: committed, but the answer got lost.
    """

    def __init__(self, records: Mapping[int, Sequence[bytes]], faults: Iterable[object] = ()) -> None:
        self.topic = "commands"
        self.records = {
            partition: [consumed(Record(b"k", value), partition, 2 * n) for n, value in enumerate(values)]
            for partition, values in records.items()
        }
        self.committed: dict[int, list[int]] = defaultdict(list)
        self.faults = list(faults)
        self.held = {partition: Partition(partition, 1, None, 0) for partition in records}
        self.stored = dict.fromkeys(records, 0)
        self.position = dict.fromkeys(records, 0)
        self.epoch = dict.fromkeys(records, 1)
        self.lock = asyncio.Lock()
        self.paused: set[int] = set()
        self.stopped: dict[int, str] = {}
        self.told: list[Committed] = []
        self.conditions = Conditions()
        self.observer = Silent()
        self.batches: list[int] = []
        self.aside: list[str] = []
        self.tries: Counter[tuple[int, int]] = Counter()
        self.note_faults: list[Exception] = []

    def intake(
        self,
        decode: Callable[[Sequence[ConsumerRecord]], list[One]] = decode,
        put_aside: Callable[[One, str], One] | None = put_aside,
    ) -> Intake[One]:
        partitions = cast("Partitions", self)
        return Intake(
            partitions,
            decode,
            self,
            self.conditions,
            self.observer,
            Doubt(self.note),
            self.told.append,
            put_aside=put_aside,
        )

    async def note(self, partition: Partition, offset: int, tries: int) -> None:
        self.tries[partition.number, offset] = tries
        if self.note_faults:
            raise self.note_faults.pop()

    async def drain(self, size: int, intake: Intake[One] | None = None) -> None:
        """Fetch and take, `size` records at a time, until nothing more comes."""
        intake = intake or self.intake()
        while batch := self.fetch(size):
            await intake.take(batch)

    def fetch(self, size: int) -> list[ConsumerRecord]:
        batch: list[ConsumerRecord] = []
        for partition, records in self.records.items():
            if partition not in self.paused:
                ready = [r for r in records if r.offset >= self.position[partition]][: size - len(batch)]
                if ready:
                    self.position[partition] = ready[-1].offset + 1
                batch += ready
        return batch

    # what a batch does

    async def run(self, slices: Sequence[Slice[One]]) -> Committed:
        await asyncio.sleep(0)
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, BaseException):
            raise fault
        for part in slices:
            if (part.epoch, part.stored_offset or 0) != (
                self.epoch[part.partition],
                self.stored[part.partition],
            ):
                raise FencedError(part.partition)
            if any(one.record.value == BAD and one.message is None for one in part.records):
                raise DataFaultError("row of somebody: secret")
            if any(one.record.value == SLOW and one.message is None for one in part.records):
                raise TimeoutError("took too long")
        handled = [one for part in slices for one in part.records]
        assert len(handled) == 1 or not any(one.record.value == SETTLE for one in handled)
        self.aside += [one.message for one in handled if isinstance(one.message, str)]
        for part in slices:
            self.committed[part.partition] += [one.offset for one in part.records]
            self.stored[part.partition] = part.next_offset
        self.batches.append(sum(len(part.records) for part in slices))
        if fault is ANSWER_LOST:
            raise ConnectionResetError(ANSWER_LOST)
        walks = sum(one.record.value == GOOD for one in handled)
        return Committed({part.partition: part.next_offset for part in slices}, walks=walks)

    # what the intake asks of the partitions

    def stop(self, number: int, reason: str) -> None:
        self.held[number].stopped = reason
        self.stopped[number] = reason
        self.paused.add(number)

    def pause(self, numbers: Iterable[int]) -> None:
        self.paused |= set(numbers)

    async def reload(self, numbers: Iterable[int]) -> None:
        await asyncio.sleep(0)
        for number in list(numbers):
            if number not in self.held:
                continue
            if self.held[number].epoch != self.epoch[number]:
                del self.held[number]
                continue
            held = self.held[number]
            held.stored_offset = held.next_offset = self.position[number] = self.stored[number]
            if not held.stopped:
                self.paused.discard(number)
