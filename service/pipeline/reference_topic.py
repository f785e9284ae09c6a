"""The references topic: which accounts, users, flows and proposals there are, and the erasure of those that go."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
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


class Told(NamedTuple):
    """A record of the references topic."""

    partition: int
    offset: int
    record: Record
    message: Reference | None
    """What it is about; None where the key names nothing that we keep."""


def decode(records: Sequence[ConsumerRecord]) -> list[Told]:
    """Each record decoded, in the same order; never raises."""
    return [
        Told(r.partition, r.offset, Record(r.key, r.value, r.headers, r.timestamp), _reference(r.key))
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

    async def run(self, slices: Sequence[Slice[Told]]) -> Committed:
        """Take in what the slices tell; the last word on each id counts.

        Gone is committed first, rows go in steps, and only then does the progress move: after a crash in between it
        is all done again.
        """
        told = [one for part in slices for one in part.records]
        last = {one.message: one.record.value is not None for one in told if one.message is not None}
        known = [one for one, exists in last.items() if exists]
        gone = [one for one, exists in last.items() if not exists]
        for one in told:
            if one.message is None:
                logger.warning("offset %d of %s: the key names no reference", one.offset, self._topic)
        async with self._database.transaction() as connection:
            await fence(connection, self._topic, slices)
            if known:
                await references.appear(connection, known, adopted=self._adopted)
            if gone:
                await references.vanish(connection, gone)
            else:
                return Committed(await advance(connection, self._topic, slices))
        for vanished in gone:
            await self._remove(vanished)
        async with self._database.transaction() as connection:
            await fence(connection, self._topic, slices)
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
    """

    def __init__(
        self, database: Database, topic: str, end_offsets: Callable[[], Awaitable[dict[int, int]]]
    ) -> None:
        self._database = database
        self._topic = topic
        self._end_offsets = end_offsets

    async def __call__(self) -> None:
        """Return once it is so.

        Raises:
            KafkaError: the broker does not tell.
        """
        wanted = {p: end for p, end in (await self._end_offsets()).items() if end > 0}
        while wanted:
            async with self._database.transaction() as connection:
                stands = await progress.read(connection, self._topic, wanted)
            for at in stands:
                if at.next_offset is not None and at.next_offset >= wanted.get(at.partition, 0):
                    wanted.pop(at.partition, None)
            if wanted:
                await asyncio.sleep(POLL_SECONDS)


def _reference(key: bytes | None) -> Reference | None:
    kind, _, text = (key or b"").decode("utf-8", "replace").partition("/")
    if kind not in TABLES:
        return None
    try:
        return reference(kind, UUID(text))
    except ValueError:
        return None
