"""A partition of a topic, a group's consumer of it, and the progress in a database: in memory, for tests of taking."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from aiokafka import TopicPartition

from service.pipeline.conditions import Conditions
from service.pipeline.partitions import Partitions
from service.store import progress
from service.store.database import Connection, Database
from service.store.progress import Progress

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
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.stored: Progress | None = None
        self.extent = (0, 10)
        self.digests: dict[int, bytes] = {}
        self.faults: list[Exception] = []
        self.assigned: set[TopicPartition] = {HERE}
        self.fetching: int | None = None
        self.compared = 0
        self._position = 0
        self.conditions = Conditions()
        self.partitions = Partitions(
            TOPIC,
            cast("Database", self),
            self.conditions,
            consumer=lambda: cast("Any", self),
            digests=self._digests_at,
            batch_max=4,
        )
        for name in ("take", "read", "give_up"):
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

    async def _digests_at(self, offsets: Mapping[int, int]) -> dict[int, bytes]:
        self.compared += bool(offsets)
        return {n: self.digests[offset] for n, offset in offsets.items() if offset in self.digests}

    def assignment(self) -> set[TopicPartition]:
        return self.assigned

    def pause(self, *_: TopicPartition) -> None:
        self.fetching = None

    def seek(self, _: TopicPartition, offset: int) -> None:
        self._position = offset
        if self.fetching is not None:
            self.fetching = offset

    def resume(self, _: TopicPartition) -> None:
        self.fetching = self._position

    async def beginning_offsets(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(tps, self.extent[0])

    async def end_offsets(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(tps, self.extent[1])
