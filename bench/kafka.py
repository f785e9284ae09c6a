"""The bench's own way to Kafka: commands put there beforehand, ends looked up, events read."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka import Consumer, KafkaError, Producer
from confluent_kafka import TopicPartition as Place

from bench.lab import World

_FLUSH_SECONDS = 120.0
_Record = tuple[bytes, bytes]


def produce(world: World, records: Iterable[_Record]) -> None:
    """Put commands on their topic, for all to see."""
    producer = _producer(world, {})
    _send(producer, world.topics.commands, records)


@contextmanager
def withheld(world: World, records: Iterable[_Record]) -> Iterator[Producer]:
    """Put commands on their topic in a transaction: nobody sees them before `commit_transaction`."""
    producer = _producer(world, {"transactional.id": world.name, "transaction.timeout.ms": 600_000})
    producer.init_transactions()
    producer.begin_transaction()
    _send(producer, world.topics.commands, records)
    yield producer


def _producer(world: World, more: Mapping[str, str | int]) -> Producer:
    return Producer(
        {
            "bootstrap.servers": world.settings.require_kafka(),
            "partitioner": "murmur2_random",
            "enable.idempotence": True,
            "linger.ms": 5,
            "log_level": 2,
            "queue.buffering.max.messages": 1_000_000,
            **more,
        }
    )


def _send(producer: Producer, topic: str, records: Iterable[_Record]) -> None:
    for key, value in records:
        producer.produce(topic, value, key)
    if producer.flush(_FLUSH_SECONDS):
        raise TimeoutError("Kafka did not take the commands")


class Ends:
    """How many events stand on the topics."""

    def __init__(self, consumer: AIOKafkaConsumer, places: list[TopicPartition]) -> None:
        self._consumer = consumer
        self._places = places

    async def count(self) -> int:
        """All of them."""
        ends = await self._consumer.end_offsets(self._places)
        return sum(ends.values())


@asynccontextmanager
async def ends(world: World) -> AsyncIterator[Ends]:
    """Looks while the block lasts."""
    consumer = AIOKafkaConsumer(bootstrap_servers=world.settings.require_kafka(), group_id=None)
    await consumer.start()
    try:
        yield Ends(consumer, places(world))
    finally:
        await consumer.stop()


def places(world: World) -> list[TopicPartition]:
    """The partitions of the topics with events."""
    return [
        TopicPartition(topic, number)
        for topic in world.event_topics
        for number in range(world.settings.topic_partitions)
    ]


def read_events(world: World) -> list[bytes]:
    """All events there are."""
    consumer = Consumer(
        {
            "bootstrap.servers": world.settings.require_kafka(),
            "group.id": "bench",
            "enable.partition.eof": True,
        }
    )
    wanted = [Place(tp.topic, tp.partition, 0) for tp in places(world)]
    consumer.assign(wanted)
    values: list[bytes] = []
    ended = 0
    try:
        while ended < len(wanted):
            for message in consumer.consume(5000, 1.0):
                error = message.error()
                if error is None:
                    values.append(message.value() or b"")
                elif error.code() == KafkaError._PARTITION_EOF:
                    ended += 1
                else:
                    raise RuntimeError(str(error))
    finally:
        consumer.close()
    return values
