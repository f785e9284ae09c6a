"""`walk verify`, as a function: what stands there, all of it decided anew, and the two compared (design 10)."""

import gc
import sqlite3
import time
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol
from uuid import UUID

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from l1_walk_contracts import Topics
from service.domain.rules import Rules
from service.ops import broker, database
from service.ops.broker import Extent
from service.ops.errors import NotSoError
from service.ops.verify import later, snapshot
from service.ops.verify.comparison import Comparison
from service.ops.verify.event_comparison import EventComparison
from service.ops.verify.fields import differing_members
from service.ops.verify.reach import Reach, reaches
from service.ops.verify.reading import read
from service.ops.verify.refold import Refold
from service.ops.verify.report import PartitionReach, Report
from service.ops.verify.snapshot import Snapshot
from service.ops.verify.spill import open_spill
from service.ops.verify.told import Told
from service.settings import Settings

LOOKED_INTO = 1_000
"""Events that say other things are fetched once more to tell in what they differ: so many at most."""


class Tell(Protocol):
    """Is told how far it is."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """So much of this stage is done; the total is None where nobody knows."""


def silent(stage: str, done: int, total: int | None) -> None:
    """Tells nobody."""


async def verify(
    settings: Settings, *, partitions: Collection[int] | None = None, tell: Tell = silent
) -> Report:
    """Decide all commands anew and compare. Workers may go on meanwhile: what they do after the look is left out.

    Args:
        settings: where everything is, and the rules.
        partitions: those of the commands topic to decide; None: all.
        tell: is told how far it is.

    Raises:
        SettingsError: a setting is missing.
        UnreachableError, RefusedError: the database or the broker does not answer, or turns us away.
        NotSetUpError: the database is not migrated, or a topic is not there.
        NotSoError: the commands topic has no such partition.
    """
    with _collecting_rarely(), open_spill() as spill:
        async with broker.reader(settings, fetch_bytes=4 * 1024 * 1024) as consumer:
            return await _Run(settings, spill, consumer, tell).run(partitions)


@contextmanager
def _collecting_rarely() -> Iterator[None]:
    """What is made here is free of cycles: to look for them costs a third of the time (see `service.app`)."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)


class _Run:
    def __init__(
        self, settings: Settings, spill: sqlite3.Connection, consumer: AIOKafkaConsumer, tell: Tell
    ) -> None:
        self._settings = settings
        self._topics = Topics(settings.topic_prefix)
        self._spill = spill
        self._consumer = consumer
        self._tell = tell
        self._grown = False
        self._began = time.monotonic()

    async def run(self, chosen: Collection[int] | None) -> Report:
        """The whole of it, in the order that lets workers go on: database, events, commands."""
        topics = self._topics
        report = Report(topics.commands)
        told = Told(self._spill, topics, report.add)
        async with database.connected(self._settings) as connection:
            taken = await snapshot.take(
                connection,
                topics,
                self._spill,
                told,
                lambda rows: self._tell("reading the database", rows, None),
            )
        report.at, report.owed = taken.at, taken.owed
        self._grown = await self._has_grown()
        oldest = await self._read_told(told)
        await self._read_erased(taken)
        reach = await self._reaches(taken, chosen)
        await self._refold(taken, reach, report)
        await self._compare(taken, reach, oldest, report, all_chosen=chosen is None)
        report.seconds = round(time.monotonic() - self._began, 3)
        return report

    async def _has_grown(self) -> bool:
        """Whether the commands topic was made larger: those of the PSA stay as they were (`service.ops.growth`)."""
        commands, resolved = self._topics.commands, self._topics.resolved
        found = await broker.partitions(self._consumer._client, commands, resolved)
        return len(found[commands]) > len(found[resolved])

    async def _read_told(self, told: Told) -> dict[tuple[str, int], float]:
        """Read the topics of events and dead letters; for those that lost their beginning, their oldest record."""
        topics = self._topics
        names = (topics.lifecycle, topics.resolved, topics.escalated, topics.rejected, topics.dead_letter)
        extents = await broker.extents(self._consumer, *names)
        total, done = sum(end - begin for begin, end in extents.values()), 0
        oldest = {(p.topic, p.partition): float("inf") for p, extent in extents.items() if extent.begin > 0}
        async for records in read(self._consumer, extents):
            key = (records[0].topic, records[0].partition)
            if oldest.get(key) == float("inf"):
                oldest[key] = records[0].timestamp
            told.read(records)
            done += len(records)
            self._tell("reading events", done, total)
        return oldest

    async def _read_erased(self, taken: Snapshot) -> None:
        """Accounts that are gone, or once were: they take their walks with them."""
        once: set[UUID] = set()
        extents = await broker.extents(self._consumer, self._topics.references)
        async for records in read(self._consumer, extents):
            once |= {id_ for r in records if r.value is None and (id_ := _account(r.key)) is not None}
        accounts = {id_: id_ in taken.erased for id_ in once | set(taken.erased)}
        self._spill.executemany(
            "INSERT INTO erased VALUES (?, ?)", ((id_.bytes, now) for id_, now in accounts.items())
        )

    async def _reaches(self, taken: Snapshot, chosen: Collection[int] | None) -> dict[int, Reach]:
        extents = {
            place.partition: extent
            for place, extent in (await broker.extents(self._consumer, self._topics.commands)).items()
        }
        if missing := sorted(set(chosen or ()) - extents.keys()):
            raise NotSoError(f"{self._topics.commands} has no partition {missing[0]}")
        reach = reaches(taken, extents, chosen)
        self._spill.executemany(
            "INSERT INTO reach VALUES (?, ?, ?, ?)",
            ((number, part.begin, part.stop, part.whole) for number, part in reach.items()),
        )
        self._spill.executemany(
            "INSERT INTO set_ranges VALUES (?, ?, ?)",
            ((number, *offsets) for number, part in reach.items() for offsets in part.set_ranges),
        )
        return reach

    async def _refold(self, taken: Snapshot, reach: Mapping[int, Reach], report: Report) -> None:
        rules = Rules(
            path_limit=self._settings.path_limit,
            active_gap=self._settings.active_gap,
            event_source=self._settings.event_source,
        )
        refold = Refold(self._spill, self._topics, rules, reach, adopted=taken.adopted, grown=self._grown)
        total, done = sum(part.stop - part.begin for part in reach.values()), 0
        told = []
        for number, part in reach.items():
            before = done
            async for records in self._commands(number, part.begin, part.stop):
                refold.take(records)
                done += len(records)
                self._tell("deciding commands anew", done, total)
            told.append(PartitionReach(number, part.begin, part.next_offset, done - before, part.whole))
        refold.finish()
        report.partitions, report.outcomes = tuple(told), refold.outcomes

    def _commands(self, number: int, begin: int, end: int) -> AsyncIterator[Sequence[ConsumerRecord]]:
        return read(self._consumer, {TopicPartition(self._topics.commands, number): Extent(begin, end)})

    async def _compare(
        self,
        taken: Snapshot,
        reach: Mapping[int, Reach],
        oldest: Mapping[tuple[str, int], float],
        report: Report,
        *,
        all_chosen: bool,
    ) -> None:
        self._tell("comparing", 0, None)
        settings, at = self._settings, taken.at
        rows = Comparison(
            self._spill,
            self._topics,
            report,
            inbox_limit=(at - settings.inbox_retention).timestamp(),
            letter_limit=(at - settings.dead_letter_retention).timestamp(),
        )
        rows.run(adopted=taken.adopted, grown=self._grown)
        events = EventComparison(self._spill, self._topics, report, oldest, all_chosen=all_chosen)
        if events.has_unasked():
            for number, part in reach.items():
                async for records in self._commands(number, part.stop, part.end):
                    later.note(self._spill, records)
        events.run()
        await self._look_into(events, report)
        rows.count_unchecked()

    async def _look_into(self, events: EventComparison, report: Report) -> None:
        """Tell in what events differ, of the first ones."""
        for number, (finding, due) in enumerate(list(events.altered())):
            fields: tuple[str, ...] = ()
            if number < LOOKED_INTO and (place := finding.place) is not None and place.offset is not None:
                at = TopicPartition(place.topic, place.partition)
                async for record, *_ in read(self._consumer, {at: Extent(place.offset, place.offset + 1)}):
                    fields = differing_members(due, record.value)
            report.add(replace(finding, fields=fields))


def _account(key: bytes | None) -> UUID | None:
    kind, _, text = (key or b"").decode("utf-8", "replace").partition("/")
    try:
        return UUID(text) if kind == "account" else None
    except ValueError:
        return None
