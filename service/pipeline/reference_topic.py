"""The references topic: which accounts, users, flows and proposals there are, and the erasure of those that go."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from aiokafka import ConsumerRecord

from l1_walk_contracts import Record
from service.pipeline.slices import Committed, Slice, advance, fence
from service.store import erasure, progress, references
from service.store.database import Database
from service.store.references import TABLES, Reference, reference

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.05
DOUBT_SECONDS = 0.2
"""A topic that is not read to its end by then may end with markers of transactions, which nobody is ever handed."""
CATCH_UP_SECONDS = 5.0
"""A batch waits no longer than this for the references topic: then its partitions may be given up, or it waits anew."""


class ReferenceRecord(NamedTuple):
    """A record of the references topic."""

    partition: int
    offset: int
    record: Record
    message: Reference | None
    """What it is about; None where the key names nothing that we keep."""


def decode(records: Sequence[ConsumerRecord]) -> list[ReferenceRecord]:
    """Each record decoded, in the same order; never raises."""
    return [
        ReferenceRecord(
            r.partition, r.offset, Record(r.key, r.value, r.headers, r.timestamp), _reference(r.key)
        )
        for r in records
    ]


class ReferenceBatch:
    """Keeps what the references topic tells.

    Args:
        database: where it is kept.
        topic: the topic's name.
        adopted: whether the tables that references name are upstream's own, and not ours to write.
    """

    def __init__(self, database: Database, topic: str, *, adopted: bool) -> None:
        self._database = database
        self._topic = topic
        self._adopted = adopted

    async def run(self, slices: Sequence[Slice[ReferenceRecord]]) -> Committed:
        """Take in what the slices tell; the last word on each id counts, and what was gone in between is erased too.

        Gone is committed first, rows go in steps, and only then does the progress move: after a crash in between it
        is all done again.
        """
        told = [one for part in slices for one in part.records]
        last = {one.message: one.record.value is not None for one in told if one.message is not None}
        gone = {one.message for one in told if one.message is not None and one.record.value is None}
        known = [one for one, exists in last.items() if exists and one not in gone]
        back = [one for one in gone if last[one]]
        for offset in (one.offset for one in told if one.message is None):
            logger.warning("offset %d of %s: the key names no reference", offset, self._topic)
        async with self._database.transaction() as connection:
            await fence(connection, self._topic, slices)
            if known:
                await references.appear(connection, known, adopted=self._adopted)
            if not gone:
                return Committed(await advance(connection, self._topic, slices))
            await references.vanish(connection, gone)
        for vanished in sorted(gone):
            await self._remove(vanished)
        async with self._database.transaction() as connection:
            await fence(connection, self._topic, slices)
            if back:
                await references.appear(connection, back, adopted=self._adopted)
            return Committed(await advance(connection, self._topic, slices))

    async def _remove(self, vanished: Reference) -> None:
        if vanished.kind == "account":
            walks = await erasure.erase_account(self._database, vanished.id, adopted=self._adopted)
            logger.info("account erased, with %d walks", walks)
        elif not self._adopted:
            async with self._database.transaction() as connection:
                await erasure.forget_unnamed(connection, vanished)


class CatchUp:
    """Waits until the references topic is read to the end that it has now, by whichever worker reads it.

    Args:
        database: holds the progress.
        topic: the topic's name.
        end_offsets: the end of each partition of the topic as it is now.
        holding: of partitions with where they are read to and their end, those with a record in between.
    """

    def __init__(
        self,
        database: Database,
        topic: str,
        end_offsets: Callable[[], Awaitable[dict[int, int]]],
        holding: Callable[[Mapping[int, tuple[int, int]]], Awaitable[Collection[int]]],
    ) -> None:
        self._database = database
        self._topic = topic
        self._end_offsets = end_offsets
        self._holding = holding

    async def __call__(self) -> None:
        """Return once it is so.

        Raises:
            KafkaError: the broker does not tell.
            TimeoutError: it takes long.
        """
        ends = {p: end for p, end in (await self._end_offsets()).items() if end > 0}
        doubt = DOUBT_SECONDS
        try:
            async with asyncio.timeout(CATCH_UP_SECONDS):
                while left := await self._await_progress(ends, doubt):
                    ends = {p: ends[p] for p in await self._holding(left)}
                    doubt *= 2
        except TimeoutError:
            raise TimeoutError(f"{self._topic} is not read to its end") from None

    async def _await_progress(self, ends: Mapping[int, int], seconds: float) -> dict[int, tuple[int, int]]:
        """Wait so long until partitions are read to these ends; those that are not, with how far they are."""
        deadline = asyncio.get_running_loop().time() + seconds
        while left := await self._unread(ends):
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(POLL_SECONDS)
        return left

    async def _unread(self, ends: Mapping[int, int]) -> dict[int, tuple[int, int]]:
        if not ends:
            return {}
        async with self._database.transaction() as connection:
            stands = {
                at.partition: at.next_offset or 0 for at in await progress.read(connection, self._topic, ends)
            }
        return {p: (stands.get(p, 0), end) for p, end in ends.items() if stands.get(p, 0) < end}


def _reference(key: bytes | None) -> Reference | None:
    kind, _, text = (key or b"").decode("utf-8", "replace").partition("/")
    if kind not in TABLES:
        return None
    try:
        return reference(kind, UUID(text))
    except ValueError:
        return None
