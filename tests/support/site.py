"""A database and topics for workers, with the clients of those who look on from outside."""

import itertools
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.structs import RecordMetadata

from l1_walk_contracts import Event, Record, Topics, decode_event
from service.ops import topics as topic_setup
from service.settings import Settings
from service.store.address import dsn
from tests.support.waiting import until
from tests.support.walk import Sending

PARTITIONS = 3
PATIENCE = 30.0
"""Seconds for what takes far less than one on a machine that is not busy."""


class Place(NamedTuple):
    """Where a command stands."""

    partition: int
    offset: int


def site_settings(database_url: str, bootstrap_servers: str, prefix: str, **more: Any) -> Settings:
    """The settings of workers of this test alone."""
    return Settings(
        **{
            "database_url": database_url,
            "kafka_bootstrap_servers": bootstrap_servers,
            "topic_prefix": prefix,
            "consumer_group": prefix,
            "topic_partitions": PARTITIONS,
            "http_port": 0,
            **more,
        }
    )


def environment(settings: Settings) -> dict[str, str]:
    """The variables that lead a process there; it listens on any free port."""
    return {
        "WALK_DATABASE_URL": settings.require_database(),
        "WALK_KAFKA_BOOTSTRAP_SERVERS": settings.require_kafka(),
        "WALK_TOPIC_PREFIX": settings.topic_prefix,
        "WALK_TOPIC_PARTITIONS": str(settings.topic_partitions),
        "WALK_CONSUMER_GROUP": settings.consumer_group,
        "WALK_REFERENCES": settings.references.value,
        "WALK_BATCH_MAX": str(settings.batch_max),
        "WALK_HTTP_PORT": "0",
    }


class Site:
    """What a test sends, and what it sees."""

    def __init__(
        self, settings: Settings, producer: AIOKafkaProducer, connection: "asyncpg.Connection[Any]"
    ) -> None:
        self.settings = settings
        self.topics = Topics(settings.topic_prefix)
        self.producer = producer
        self.database = connection

    async def connect_again(self) -> None:
        """After the database was away."""
        await self.database.close()
        self.database = await _connect(self.settings)

    async def send(self, *commands: Sending, partition: int | None = None) -> list[Place]:
        """Send to the commands topic; their places, once the broker has them."""
        return await self.send_to(self.topics.commands, *commands, partition=partition)

    async def send_to(self, topic: str, *records: Sending, partition: int | None = None) -> list[Place]:
        """Send to any topic."""
        sent = [
            await self.producer.send(topic, r.value, key=r.key, headers=list(r.headers), partition=partition)
            for r in records
        ]
        return [_place(await future) for future in sent]

    async def send_nothing(self, partition: int = 0) -> Place:
        """Send a record with neither key nor value, which the usual way of aiokafka's producer refuses."""
        batch = self.producer.create_batch()
        batch.append(key=None, value=None, timestamp=None)
        return _place(
            await (await self.producer.send_batch(batch, self.topics.commands, partition=partition))
        )

    async def delete_before(self, partition: int, offset: int, topic: str | None = None) -> None:
        """Take the oldest records of the commands, or of another topic, away, as retention does."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.settings.require_kafka())
        await admin.start()
        try:
            tp = TopicPartition(topic or self.topics.commands, partition)
            await admin.delete_records({tp: RecordsToDelete(offset)})
        finally:
            await admin.close()

    async def tell(self, kind: str, id_: str, value: bytes | None = b"{}") -> None:
        """Tell of a reference: that it is there, or, with None, gone."""
        await self.send_to(self.topics.references, Sending(f"{kind}/{id_}".encode(), value, ()))

    async def handled(self, *places: Place, timeout: float = PATIENCE) -> None:
        """Wait until these commands are handled, and what came of them is published."""
        await until(lambda: self._handled(places), timeout, "the commands are handled")

    async def all_handled(self, timeout: float = PATIENCE) -> None:
        """Wait until whatever was sent is handled, and what came of it is published."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.settings.require_kafka())
        await consumer.start()
        try:
            ends = await consumer.end_offsets(await _partitions(consumer, self.topics.commands))
        finally:
            await consumer.stop()
        await self.handled(
            *(Place(tp.partition, end - 1) for tp, end in ends.items() if end), timeout=timeout
        )

    async def _handled(self, places: Sequence[Place]) -> bool:
        progress = await self.progress()
        if not all((progress.get(place.partition) or 0) > place.offset for place in places):
            return False
        return not await self.database.fetchval("SELECT count(*) FROM l1_walk_outbox")

    async def progress(self) -> dict[int, int | None]:
        """Each partition's next offset."""
        rows = await self.database.fetch(
            "SELECT partition, next_offset FROM l1_walk_progress WHERE topic = $1", self.topics.commands
        )
        return dict(map(tuple, rows))

    async def session(self, session_id: str) -> dict[str, Any]:
        """The row of a walk."""
        row = await self.database.fetchrow("SELECT * FROM l1_walk_sessions WHERE id = $1::uuid", session_id)
        assert row is not None, f"there is no walk {session_id}"
        return dict(row)

    async def count(self, table: str, where: str = "true", *arguments: object) -> int:
        """How many rows of a table are so."""
        return int(await self.database.fetchval(f"SELECT count(*) FROM {table} WHERE {where}", *arguments))

    async def read(self, topic: str) -> list[ConsumerRecord]:
        """All of a topic, by partition and offset."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.settings.require_kafka(),
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=16 * 1024 * 1024,
        )
        await consumer.start()
        try:
            tps = await _partitions(consumer, topic)
            ends = await consumer.end_offsets(tps)
            consumer.assign(tps)
            found: list[ConsumerRecord] = []
            while any([await consumer.position(tp) < ends[tp] for tp in tps]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found += records
        finally:
            await consumer.stop()
        return sorted(found, key=lambda record: (record.partition, record.offset))

    async def events(self, session_id: str | None = None) -> list[Event]:
        """All that was told, of one walk where it is named; each topic in its order, an event once."""
        topics = dict.fromkeys(
            (self.topics.lifecycle, self.topics.resolved, self.topics.escalated, self.topics.rejected)
        )
        records = itertools.chain.from_iterable([await self.read(topic) for topic in topics])
        events = [decode_event(Record(r.key, r.value, r.headers, r.timestamp)) for r in records]
        wanted = [event for event in events if session_id in (None, event.session_id)]
        return list({event.id: event for event in wanted}.values())

    async def told(self, session_id: str) -> list[str]:
        """The kinds of the events of a walk."""
        return [event.kind.value for event in await self.events(session_id)]

    async def rejections(self, session_id: str) -> list[Event]:
        """The commands of a walk that were rejected."""
        records = await self.read(self.topics.rejected)
        events = [decode_event(Record(r.key, r.value, r.headers, r.timestamp)) for r in records]
        return [event for event in events if event.session_id == session_id]


def _place(told: RecordMetadata) -> Place:
    return Place(told.partition, told.offset)


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    await consumer._client.force_metadata_update()
    consumer._client.add_topic(topic)
    numbers: set[int] = await until(
        lambda: consumer.partitions_for_topic(topic), PATIENCE, f"{topic} is there"
    )
    return [TopicPartition(topic, number) for number in sorted(numbers)]


@asynccontextmanager
async def open_site(settings: Settings) -> AsyncIterator[Site]:
    """The site of these settings; its topics are made where they are missing."""
    await topic_setup.create(settings)
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.require_kafka(), enable_idempotence=True, max_request_size=4 * 1024 * 1024
    )
    await producer.start()
    site = Site(settings, producer, await _connect(settings))
    try:
        yield site
    finally:
        await producer.stop()
        await site.database.close()


async def _connect(settings: Settings) -> "asyncpg.Connection[Any]":
    connection = await asyncpg.connect(dsn(settings.require_database()))
    await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
    return connection
