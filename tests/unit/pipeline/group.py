"""A partition of a topic, a group's consumer of it, and the progress in a database: in memory, for tests of taking."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from aiokafka import TopicPartition

from service.pipeline.conditions import Conditions
from service.pipeline.partitions import Partition, Partitions
from service.store import progress
from service.store.database import Connection, Database
from service.store.progress import Progress, Step
from tests.support.waiting import until

TOPIC = "t"
HERE = TopicPartition(TOPIC, 0)
DIGEST = b"digest"


class Group:
    """Partition 0 of a topic: what it holds, what is kept of it, and what is done to it by its consumer.

    Attributes:
        stored: its progress, None while there is none.
        extent: what the topic holds: offsets from the first to before the second.
        digests: of the records that stand there, by offset.
        faults: raised by transactions, one each, before the others go well.
        fetching: where it is fetched from; None: it is paused.
        at: where its consumer stands.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.stored: Progress | None = None
        self.extent = (0, 10)
        self.digests: dict[int, bytes] = {}
        self.faults: list[Exception] = []
        self.assigned: set[TopicPartition] = {HERE}
        self.fetching: int | None = None
        self.compared = 0
        self.at = 0
        self.conditions = Conditions()
        self.partitions = Partitions(
            TOPIC,
            cast("Database", self),
            self.conditions,
            consumer=lambda: cast("Any", self),
            digests=self._digests_at,
            batch_max=4,
        )
        for name in ("take", "read", "give_up", "move_over"):
            patch.setattr(progress, name, getattr(self, f"_{name}"))

    def taken_by_another(self, **more: Any) -> None:
        """Another worker raises the epoch, and may do more."""
        assert self.stored is not None
        self.stored = self.stored._replace(epoch=self.stored.epoch + 1, **{"takes": 1, **more})

    def set_by_hand(self, offset: int) -> None:
        """A person does."""
        self.taken_by_another(takes=0, next_offset=offset, digest=None)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        if self.faults:
            raise self.faults.pop(0)
        yield cast("Connection", None)

    async def _take(self, _: Connection, __: str, numbers: Collection[int], *, again: bool) -> list[Progress]:
        before = self.stored or Progress(0, 0, None)
        self.stored = before._replace(epoch=before.epoch + 1, takes=before.takes + (not again))
        return [self.stored]

    async def _read(self, _: Connection, __: str, numbers: Collection[int]) -> list[Progress]:
        return [self.stored] if self.stored is not None and 0 in numbers else []

    async def _give_up(self, _: Connection, __: str, epochs: Mapping[int, int]) -> None:
        if self.stored is not None and epochs == {0: self.stored.epoch}:
            self.stored = self.stored._replace(takes=0)

    async def _digests_at(self, extents: Mapping[int, tuple[int, int]]) -> dict[int, bytes]:
        self.compared += bool(extents)
        found = {
            n: [self.digests[o] for o in range(*extent) if o in self.digests] for n, extent in extents.items()
        }
        return {n: records[-1] for n, records in found.items() if records}

    async def _move_over(self, _: Connection, __: str, steps: Collection[Step]) -> set[int]:
        [(number, epoch, before, after)] = steps
        if self.stored is None or (self.stored.epoch, self.stored.next_offset) != (epoch, before):
            return set()
        self.stored = self.stored._replace(next_offset=after)
        return {number}

    async def position(self, _: TopicPartition) -> int:
        return self.at

    def paused(self) -> set[TopicPartition]:
        return set() if self.fetching is not None else {HERE}

    def assignment(self) -> set[TopicPartition]:
        return self.assigned

    def pause(self, *_: TopicPartition) -> None:
        self.fetching = None

    def seek(self, _: TopicPartition, offset: int) -> None:
        self.at = offset
        if self.fetching is not None:
            self.fetching = offset

    def resume(self, _: TopicPartition) -> None:
        self.fetching = self.at

    async def beginning_offsets(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(tps, self.extent[0])

    async def end_offsets(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(tps, self.extent[1])


async def take(group: Group) -> Partition:
    """The partition, once it is assigned and taken."""
    await group.partitions.on_partitions_assigned([HERE])
    assert group.fetching is None, "nothing may be fetched yet"
    await until(lambda: not group.partitions.taking, 5, "it is taken")
    return group.partitions.held[0]
