"""The topics that we write, declared with FastStream, and the way of raw messages to them.

FastStream connects and closes the producer. Messages go past its `publish`: that takes headers of text only (a dead
letter's may be null, doubled or no UTF-8), and costs 15 us a message where filling a record batch costs 3
(`bench/publish_cost.py`).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder
from faststream.kafka import KafkaBroker
from faststream.kafka.publisher.producer import AioKafkaFastProducerImpl

from l1_walk_contracts import Topics
from service.kafka import stop
from service.store.outbox import Message

PRODUCER_OPTIONS: dict[str, Any] = {
    "acks": "all",
    "enable_idempotence": True,
    "linger_ms": 0,
    "max_batch_size": 256 * 1024,
    "max_request_size": 4 * 1024 * 1024,
}
"""Idempotent, so that a retried request neither doubles nor reorders; a record batch stays well below the topics'
`max.message.bytes`, a request holds the largest single dead letter."""

RENEW_SECONDS = 10.0
CLOSE_SECONDS = 1.0


class Publishers:
    """Writes messages as they are, in order.

    Args:
        broker: whose connection is used; it must have been made with `PRODUCER_OPTIONS`.
        topics: the names of the topics.
        new_producer: makes another producer, not started, when the broker's one has failed.
    """

    def __init__(
        self, broker: KafkaBroker, topics: Topics, new_producer: Callable[[], AIOKafkaProducer]
    ) -> None:
        self._broker = broker
        self._new_producer = new_producer
        self._partition_of = DefaultPartitioner()
        self._partitions: dict[str, list[int]] = {}
        for topic, title in _written(topics).items():
            broker.publisher(topic, title=title)

    async def publish(self, messages: Sequence[Message]) -> None:
        """Send the messages, those of one topic and partition in their order, and await every acknowledgement.

        Of each topic and partition one record batch is on its way at a time. So, whatever fails, hangs or comes too
        late, of this producer or of the one before, nobody has sent what follows a record batch before somebody got
        its acknowledgement: what arrives late arrives again, and first appearances stay in order. Idempotence alone
        does not give that: the broker takes any sequence number of a producer that it has nothing of yet, so the
        second record batch where it refused the first.

        Raises:
            KafkaError: some were not acknowledged; any of them may have been written.
        """
        # FastStream keeps the aiokafka producer to itself; this is the one place that reaches for it.
        producer: AIOKafkaProducer = self._connected._producer.producer
        filled = await self._fill(producer, messages)
        while filled:
            await _send(producer, {place: batches.popleft() for place, batches in filled.items()})
            filled = {place: batches for place, batches in filled.items() if batches}

    async def renew(self) -> None:
        """Take another producer in the place of one that failed.

        Raises:
            KafkaError: the brokers cannot be reached.
        """
        async with asyncio.timeout(RENEW_SECONDS):
            await self._discard()
            self._partitions.clear()
            producer = self._new_producer()
            try:
                await self._connected.connect(producer, serializer=None)
            except BaseException:
                await stop(producer, flush=False, seconds=CLOSE_SECONDS)
                raise

    async def _discard(self) -> None:
        """Close a producer that failed, and may be dead or hang.

        What it did not bring through is given up, since another one sends it: else it would wait for that for ever,
        and send it too.
        """
        if not self._connected:
            return
        producer: AIOKafkaProducer = self._connected._producer.producer
        await stop(producer, flush=False, seconds=CLOSE_SECONDS)
        await self._connected.disconnect()

    @property
    def _connected(self) -> AioKafkaFastProducerImpl:
        return cast("AioKafkaFastProducerImpl", self._broker.config.producer)

    async def _fill(
        self, producer: AIOKafkaProducer, messages: Sequence[Message]
    ) -> dict[tuple[str, int], deque[BatchBuilder]]:
        filled: dict[tuple[str, int], deque[BatchBuilder]] = {}
        for message in messages:
            place = message.topic, await self._target(producer, message)
            batches = filled.setdefault(place, deque())
            if not batches or not _append(batches[-1], message):
                batches.append(producer.create_batch())
                _append(batches[-1], message)
        return filled

    async def _target(self, producer: AIOKafkaProducer, message: Message) -> int:
        partitions = self._partitions.get(message.topic)
        if partitions is None:
            partitions = sorted(await producer.partitions_for(message.topic))
            self._partitions[message.topic] = partitions
        if message.target_partition is not None:
            return partitions[message.target_partition % len(partitions)]
        target: int = self._partition_of(message.key, partitions, partitions)
        return target


async def _send(producer: AIOKafkaProducer, batches: Mapping[tuple[str, int], BatchBuilder]) -> None:
    """Send a record batch to each of several partitions, and await every acknowledgement."""
    sent: list[asyncio.Future[Any]] = []
    try:
        for (topic, partition), batch in batches.items():
            sent.append(await producer.send_batch(batch, topic, partition=partition))
    except BaseException:
        asyncio.gather(*sent, return_exceptions=True)  # nobody else asks what became of these
        raise
    await asyncio.gather(*sent)


def _append(batch: BatchBuilder, message: Message) -> bool:
    """Whether it still went in; a batch that is empty takes a message of any size."""
    added = batch.append(timestamp=None, key=message.key, value=message.value, headers=message.headers)
    return added is not None


def _written(topics: Topics) -> dict[str, str]:
    return {
        topics.resolved: "Walks that were resolved",
        topics.escalated: "Walks that were escalated",
        topics.lifecycle: "Walks started and abandoned, feedback, proposals validated",
        topics.rejected: "Commands that were rejected",
        topics.dead_letter: "Records that nobody could handle",
    }
