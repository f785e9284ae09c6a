"""The producer dies in every way it can, on a real broker: another takes its place, in order, with nothing lost."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import OutOfOrderSequenceNumber, ProducerFenced
from aiokafka.producer.transaction_manager import PidAndEpoch
from faststream.kafka import KafkaBroker
from faststream.kafka.publisher.producer import AioKafkaFastProducerImpl

from l1_walk_contracts import Topics
from service.pipeline.conditions import Conditions
from service.pipeline.publishers import PRODUCER_OPTIONS, Publishers
from service.pipeline.relay import CONDITION, Relay
from service.store import outbox
from service.store.database import Database
from service.store.outbox import Message
from tests.support.waiting import until
from tests.unit.pipeline.log import Silent

PARTITIONS = 2
SIZE = 40_000
"""Of a message: some six fill a record batch."""


class Sent(Silent):
    """Notes why attempts failed."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[BaseException] = []

    def failed(self, what: str, error: BaseException) -> None:
        self.errors.append(error)


class Outlet:
    """A relay with a producer of its own, and a topic."""

    def __init__(self, database: Database, bootstrap_servers: str, topic: str) -> None:
        self.bootstrap_servers = bootstrap_servers
        self.topic = topic
        self.observer = Sent()
        self.conditions = Conditions()
        self.broker = KafkaBroker(bootstrap_servers, logger=None, **PRODUCER_OPTIONS)
        publishers = Publishers(self.broker, Topics(f"{topic}.walk"), self._another)
        self.relay = Relay(database, publishers, self.conditions, self.observer, self._commit)
        self._database = database
        self._numbers = 0
        self.owed: list[tuple[int, bytes]] = []

    @property
    def producer(self) -> AIOKafkaProducer:
        """The one in use now."""
        connected = cast("AioKafkaFastProducerImpl", self.broker.config.producer)
        producer: AIOKafkaProducer = connected._producer.producer
        return producer

    async def owe(self, count: int) -> None:
        """Commit and hand over so many messages, in turns for each partition of the topic."""
        messages = [
            Message(0, self._numbers + n, 0, self.topic, n % PARTITIONS, None, [], self._value(n), None, None)
            for n in range(count)
        ]
        self._numbers += count
        async with self._database.transaction() as connection:
            await outbox.add(connection, messages)
        self.owed += [(m.target_partition or 0, m.value or b"") for m in messages]
        self.relay.hand_over(messages, {})

    async def told(self, partition: int) -> list[bytes]:
        """What a consumer sees of a partition once it drops what it has seen before."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap_servers)
        await consumer.start()
        try:
            tp = TopicPartition(self.topic, partition)
            consumer.assign([tp])
            await consumer.seek_to_beginning(tp)
            end = (await consumer.end_offsets([tp]))[tp]
            values: list[bytes] = []
            while await consumer.position(tp) < end:
                values += [r.value for r in (await consumer.getmany(tp, timeout_ms=200)).get(tp, [])]
        finally:
            await consumer.stop()
        return list(dict.fromkeys(values))

    async def all_told_in_order(self) -> None:
        """Wait until nothing is owed, and check that all of it was told in order."""
        assert await self.relay.drain(20)
        for partition in range(PARTITIONS):
            assert await self.told(partition) == [value for at, value in self.owed if at == partition]
        assert not self.conditions.reasons

    def _value(self, number: int) -> bytes:
        return f"{self._numbers + number:06}".encode() * (SIZE // 6)

    def _another(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(bootstrap_servers=self.bootstrap_servers, **PRODUCER_OPTIONS)

    async def _commit(self, _: object) -> None:
        """There is no group."""


@pytest.fixture
async def outlet(database_url: str, bootstrap_servers: str, topic_prefix: str) -> AsyncIterator[Outlet]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic(topic_prefix, PARTITIONS, 1)])
    await admin.close()
    database = Database(database_url)
    outlet = Outlet(database, bootstrap_servers, topic_prefix)
    await outlet.broker.start()
    outlet.relay.start()
    yield outlet
    await outlet.relay.stop()
    await outlet.broker.stop()
    await database.close()


async def test_out_of_order_sequence(outlet: Outlet) -> None:
    """As after the broker lost what it knew of the producer."""
    await outlet.owe(10)
    await outlet.all_told_in_order()
    first = outlet.producer
    for partition in range(PARTITIONS):
        first._txn_manager.increment_sequence_number(TopicPartition(outlet.topic, partition), 1_000)
    await outlet.owe(30)
    await outlet.owe(30)
    await outlet.all_told_in_order()
    assert outlet.producer is not first
    assert isinstance(outlet.observer.errors[0], OutOfOrderSequenceNumber)


async def test_fenced(outlet: Outlet) -> None:
    """The broker has heard of a newer epoch of this producer."""
    manager = outlet.producer._txn_manager
    pid, epoch = manager.producer_id, manager.producer_epoch
    manager._pid_and_epoch = PidAndEpoch(pid, epoch + 1)
    await outlet.owe(10)
    await outlet.all_told_in_order()
    manager._pid_and_epoch = PidAndEpoch(pid, epoch)
    await outlet.owe(30)
    await outlet.owe(30)
    await outlet.all_told_in_order()
    assert isinstance(outlet.observer.errors[0], ProducerFenced)


async def test_its_sender_has_died(outlet: Outlet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent any more, and nothing fails: the acknowledgements are given up."""
    monkeypatch.setattr("service.pipeline.relay.ACK_SECONDS", 0.5)
    outlet.producer._sender.sender_task.cancel()
    await outlet.owe(30)
    await outlet.owe(30)
    await until(lambda: CONDITION in outlet.conditions.reasons, 5, "the reason is told")
    await outlet.all_told_in_order()
    assert isinstance(outlet.observer.errors[0], TimeoutError)


async def test_the_broker_refuses_the_first_record_batch_and_would_take_the_second(
    outlet: Outlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A producer of which it has nothing yet may begin with any sequence number: it must not be tried."""
    refuse = Once(outlet.producer, OutOfOrderSequenceNumber)
    monkeypatch.setattr(outlet.producer._sender, "_send_produce_req", refuse)
    await outlet.owe(60)
    await outlet.all_told_in_order()
    assert refuse.done


async def test_what_comes_late_of_the_old_producer_comes_again_only(
    outlet: Outlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its request hangs on its way, and arrives when another producer has long sent all of it."""
    monkeypatch.setattr("service.pipeline.relay.ACK_SECONDS", 0.5)
    send, late = AIOKafkaClient.send, asyncio.Event()
    old, held = outlet.producer, []

    async def hang(client: AIOKafkaClient, node_id: int, request: Any, **more: Any) -> Any:
        if client is old.client and type(request).__name__.startswith("Produce"):
            held.append(request)
            await late.wait()
        return await send(client, node_id, request, **more)

    monkeypatch.setattr(AIOKafkaClient, "send", hang)
    await outlet.owe(60)
    await outlet.all_told_in_order()
    assert outlet.producer is not old
    late.set()
    for request in held:  # on a connection of somebody else, since the old ones are closed
        await send(outlet.producer.client, outlet.producer.client.get_random_node(), request)
    await outlet.owe(4)
    await outlet.all_told_in_order()
    assert await appearances(outlet) > len(outlet.owed)


async def appearances(outlet: Outlet) -> int:
    """Messages on the topic, those that came again included."""
    consumer = AIOKafkaConsumer(bootstrap_servers=outlet.bootstrap_servers)
    await consumer.start()
    try:
        tps = [TopicPartition(outlet.topic, partition) for partition in range(PARTITIONS)]
        return sum((await consumer.end_offsets(tps)).values())
    finally:
        await consumer.stop()


class Once:
    """Fails the record batches of the first request instead of sending it."""

    def __init__(self, producer: AIOKafkaProducer, error: Callable[[], Exception]) -> None:
        self._sender = producer._sender
        self._send = producer._sender._send_produce_req
        self._error = error
        self.done = False

    async def __call__(self, node_id: int, batches: dict[TopicPartition, Any]) -> None:
        if self.done:
            await self._send(node_id, batches)
            return
        self.done = True
        for tp, batch in batches.items():
            batch.failure(self._error())
            self._sender._muted_partitions.remove(tp)
        self._sender._in_flight.remove(node_id)


async def test_messages_are_lost_by_nobody_who_is_cancelled(outlet: Outlet) -> None:
    """As a stop does in the midst of what was left over: what is on its way stays in order with what comes next."""
    left: Sequence[Message] = [
        Message(0, n, 0, outlet.topic, n % PARTITIONS, None, [], outlet._value(n), None, None)
        for n in range(60)
    ]
    outlet.owed = [(m.target_partition or 0, m.value or b"") for m in left]
    sending = asyncio.create_task(outlet.relay._publish(left))
    await asyncio.sleep(0)
    sending.cancel()
    await asyncio.wait([sending])
    await outlet.relay._publish(left)
    await outlet.all_told_in_order()
