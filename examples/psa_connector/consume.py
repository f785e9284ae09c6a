"""From Kafka into the store: events and offsets in one transaction, so that each is taken once."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Collection

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from l1_walk_contracts import EventError, Topics
from l1_walk_contracts.aiokafka import require_topics

from .settings import Settings
from .store import Store, Taken
from .walks import read_walk

logger = logging.getLogger(__name__)
ENOUGH_OPEN = 1_000
"""Walks that wait in the store; with more, no more are read."""
POLL = 0.2
LEAVE_SECONDS = 3.0
"""To leave the group; else it notices by itself, when our session is over."""
UPKEEP_EVERY = 5.0
REMEMBER = 60 * 86_400.0
"""Seconds that ids of what was done are kept: longer than Kafka keeps the events."""


class _Seek(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka is not typed
    """Goes to the store's offsets before anything is fetched: no `await` may stand before the last seek."""

    def __init__(self, consumer: AIOKafkaConsumer, store: Store) -> None:
        self._consumer, self._store = consumer, store

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        for place in assigned:
            offset = self._store.next_offset(place.topic, place.partition)
            if offset is not None:
                self._consumer.seek(place, offset)
        logger.info("reads %d partitions", len(assigned))

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Nothing: who has read an event does not matter, the claims in the store say who writes it."""


class Intake:
    """Reads while the store has room, until it is `stopping`."""

    def __init__(self, store: Store, settings: Settings, stopping: asyncio.Event) -> None:
        topics = Topics(settings.topic_prefix)
        self._topics = [topics.resolved, topics.escalated]
        self._kafka = settings.kafka
        self._store = store
        self._stopping = stopping
        self._consumer = AIOKafkaConsumer(
            group_id=settings.group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            isolation_level="read_committed",
            **self._kafka,
        )
        self._consumer.subscribe(self._topics, listener=_Seek(self._consumer, store))

    async def run(self) -> None:
        """Join the group, then take what comes.

        Raises UnreachableError where the brokers cannot be reached to begin with, MissingTopicError for topics.
        """
        try:
            if await self._join():
                await self._read()
        finally:
            with contextlib.suppress(
                TimeoutError
            ):  # it would wait for the group's answer, however long that takes
                await asyncio.wait_for(self._consumer.stop(), LEAVE_SECONDS)

    async def _join(self) -> bool:
        """Whether we have partitions: it may take until the session of one that was killed is over."""
        joining = asyncio.create_task(self._start())
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({joining, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if joining.done():
            joining.result()
            return True
        joining.cancel()
        await asyncio.wait({joining})
        return False

    async def _start(self) -> None:
        await require_topics(*self._topics, **self._kafka)
        await self._consumer.start()

    async def _read(self) -> None:
        kept_up = time.monotonic()
        while not self._stopping.is_set():
            if self._store.open_count() >= ENOUGH_OPEN:
                await asyncio.sleep(POLL)
            else:
                got = await self._consumer.getmany(timeout_ms=int(POLL * 1000), max_records=ENOUGH_OPEN)
                self._take([record for records in got.values() for record in records])
            if time.monotonic() - kept_up > UPKEEP_EVERY:
                kept_up = time.monotonic()
                self._store.forget(time.time() - REMEMBER)
                await self._tell_kafka()
        await self._tell_kafka()

    def _take(self, records: list[ConsumerRecord]) -> None:
        if not records:
            return
        taken, following = [], {}
        for record in records:
            following[record.topic, record.partition] = record.offset + 1
            kept = _kept(record)
            if kept is not None:
                taken.append(kept)
        new = self._store.take(taken, following, time.time())
        logger.info("read %d events, %d of them new", len(records), new)

    async def _tell_kafka(self) -> None:
        """For those who watch the lag, and for a store that is lost: what is written, not what was read."""
        places = {place: self._store.written_offset(*place) for place in self._consumer.assignment()}
        offsets = {place: offset for place, offset in places.items() if offset is not None}
        try:
            if offsets:
                await self._consumer.commit(offsets)
        except KafkaError as error:
            logger.warning("Kafka was not told how far we are: %s", type(error).__name__)


def _kept(record: ConsumerRecord) -> Taken | None:
    place = (record.topic, record.partition, record.offset)
    try:
        walk = read_walk(record.key, record.value)
    except EventError as error:
        logger.error("%s, partition %d, offset %d: parked, cannot be read", *place)
        return Taken(*place, record.key, record.value, None, f"cannot be read: {error}")
    return None if walk is None else Taken(*place, record.key, record.value, walk)
