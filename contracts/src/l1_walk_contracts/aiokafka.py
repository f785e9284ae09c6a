"""Publish commands and consume events with aiokafka: `pip install 'l1-walk-contracts[aiokafka]'`.

Key, headers, acknowledgements, idempotence and partitioner are set as the contract wants them.
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from itertools import chain
from types import TracebackType
from typing import Any, Final, Self

from aiokafka import (
    AIOKafkaConsumer,
    AIOKafkaProducer,
    ConsumerRebalanceListener,
    ConsumerRecord,
    TopicPartition,
)
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, KafkaError, ProducerClosed

from .delivery import (
    NEW_TOPIC_SECONDS,
    TIMEOUT,
    Done,
    Place,
    PublishError,
    Received,
    event_of,
    nobody_answers,
    refuse,
    topics_missing,
    waves,
)
from .records import OutRecord, Record
from .topics import Topics

__all__ = [
    "Consumer",
    "MissingTopicError",
    "Place",
    "PublishError",
    "Publisher",
    "Received",
    "UnreachableError",
    "require_topics",
    "stop",
]

logger = logging.getLogger(__name__)

_PRODUCER: Final = {
    "acks": "all",
    "enable_idempotence": True,
}
_PRODUCER_FIXED: Final = {*_PRODUCER, "partitioner", "key_serializer", "value_serializer", "transactional_id"}
_CONSUMER: Final = {
    "auto_offset_reset": "earliest",
    "enable_auto_commit": False,
    "isolation_level": "read_committed",
}
_CONSUMER_FIXED: Final = {*_CONSUMER, "key_deserializer", "value_deserializer"}
STOP_SECONDS: Final = 5.0
"""How long aiokafka has to stop a client by itself."""
_BREAK_SECONDS: Final = 1.0


class UnreachableError(KafkaConnectionError):  # type: ignore[misc] # aiokafka is not typed
    """None of the brokers that were named answers, or none takes who we are."""

    __str__ = Exception.__str__


class MissingTopicError(KafkaError):  # type: ignore[misc]
    """A topic is not on the broker, or not for us to see."""

    __str__ = Exception.__str__


async def require_topics(*topics: str, bootstrap_servers: str, **options: Any) -> None:
    """Look whether topics are there before a consumer waits for them: aiokafka asks again and again, and never says so.

    Args:
        topics: their names.
        bootstrap_servers: `host:port`, several with commas.
        options: more of `AIOKafkaConsumer`, such as `security_protocol`.

    Raises:
        UnreachableError: no broker answers.
        MissingTopicError: names those that are not there.
    """
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, **options)
    try:
        with _reaching(bootstrap_servers):
            await consumer.start()
        await _require(consumer._client, topics)
    finally:
        await stop(consumer)


async def _require(client: AIOKafkaClient, topics: Collection[str]) -> None:
    deadline = time.monotonic() + NEW_TOPIC_SECONDS
    while True:
        known = (await client.fetch_all_metadata()).topics()  # of all, since to name one may create it
        missing = sorted(set(topics) - known)
        if not missing:
            return
        if time.monotonic() > deadline:
            raise MissingTopicError(topics_missing(missing))
        await asyncio.sleep(0.1)


@contextlib.contextmanager
def _reaching(bootstrap_servers: str) -> Iterator[None]:
    try:
        yield
    except KafkaConnectionError as error:
        raise UnreachableError(nobody_answers(bootstrap_servers)) from error
    except ValueError as error:
        raise UnreachableError(
            f"{bootstrap_servers} is no address: write host:port, several with commas"
        ) from error


async def stop(
    client: AIOKafkaProducer | AIOKafkaConsumer, *, flush: bool = True, seconds: float | None = None
) -> None:
    """Stop a client of aiokafka and leave nothing of it: no connection, and no task that would open one again.

    aiokafka's own `stop` closes the connections last, so what breaks it off, a cancellation or a fault, leaves them
    open; and a producer's waits for what cannot be sent any more, for ever. What it does not bring through in time is
    given up here, and is sent by nobody any more.

    Args:
        client: started, or failed at that.
        flush: False: a producer gives up at once what is not acknowledged.
        seconds: what aiokafka has for it; None: `STOP_SECONDS`.
    """
    if not flush:
        _give_up(client)
    limit = STOP_SECONDS if seconds is None else seconds
    stopping = asyncio.ensure_future(client.stop())
    try:
        await asyncio.wait({stopping}, timeout=limit)
    except asyncio.CancelledError:
        await asyncio.wait({stopping}, timeout=limit)
        raise
    finally:
        if not stopping.done() or stopping.cancelled() or stopping.exception() is not None:
            await _break_off(client, stopping)


async def _break_off(client: AIOKafkaProducer | AIOKafkaConsumer, stopping: asyncio.Future[None]) -> None:
    stopping.cancel()
    [error] = await asyncio.gather(stopping, return_exceptions=True)
    if error is not None and not isinstance(error, asyncio.CancelledError | KafkaError):
        logger.warning("aiokafka failed at its stop", exc_info=error)
    _give_up(client)
    running = {task for task in _tasks(client) if task is not None and not task.done()}
    for task in running:
        task.cancel()
    connections = client.client if isinstance(client, AIOKafkaProducer) else client._client
    await connections.close()  # so that what awaits an answer ends
    if running:
        await asyncio.wait(running, timeout=_BREAK_SECONDS)
        await connections.close()


def _tasks(client: AIOKafkaProducer | AIOKafkaConsumer) -> "list[asyncio.Task[Any] | None]":
    if isinstance(client, AIOKafkaProducer):
        return [client._sender.sender_task]
    of_group = ("_coordination_task", "_heartbeat_task", "_commit_refresh_task", "_reset_committed_task")
    tasks = [getattr(client._coordinator, name, None) for name in of_group]
    if client._fetcher is not None:
        tasks += [client._fetcher._fetch_task, *client._fetcher._pending_tasks]
    return tasks


def _give_up(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    """Fail what a producer has not brought through; nobody waits for that any more, so nobody asks for the errors."""
    if not isinstance(client, AIOKafkaProducer):
        return
    accumulator = client._message_accumulator
    batches = [*accumulator._pending_batches, *chain.from_iterable(accumulator._batches.values())]
    accumulator.fail_all(ProducerClosed())
    for batch in batches:
        for future in (batch.future, batch._drain_waiter):
            if future.done() and not future.cancelled():
                future.exception()


class Publisher:
    """`async with Publisher("localhost:9092") as publisher: await publisher.send(record)`.

    Args:
        bootstrap_servers: `host:port`, several with commas.
        timeout: seconds to wait for an acknowledgement; without one aiokafka waits for ever while a broker is away.
        options: more of `AIOKafkaProducer`, such as `security_protocol`; a ValueError for those that keep the contract.
    """

    def __init__(self, bootstrap_servers: str, *, timeout: float = TIMEOUT, **options: Any) -> None:
        refuse(options, _PRODUCER_FIXED, "Publisher")
        self._options = {"bootstrap_servers": bootstrap_servers, **_PRODUCER, **options}
        self._timeout = timeout
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._there: set[str] = set()
        """Topics that were seen."""

    async def __aenter__(self) -> Self:
        """Connect; raises UnreachableError, or TimeoutError, where the brokers do not answer."""
        async with asyncio.timeout(self._timeout):
            await self._connected()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        await self._drop()

    async def send(self, *records: OutRecord) -> list[Place]:
        """Send, in order, and wait until the brokers have acknowledged all of it.

        Of several records of one walk each is sent when the one before it is acknowledged. Calls that are under way
        at the same time keep no order among each other: await one before you begin the next of the same walk.

        Returns:
            Where each stands.

        Raises:
            PublishError: which were not acknowledged. Send these again, before anything else of their walks. A topic
                that is not there is its `__cause__`, a MissingTopicError.
        """
        places: dict[int, Place] = {}
        try:
            async with asyncio.timeout(self._timeout):
                await self._look_for({record.topic for record in records})
                for wave in waves(records):
                    sent = await asyncio.gather(*(self._send(records[number]) for number in wave))
                    places.update(zip(wave, sent, strict=True))
        except (TimeoutError, KafkaError) as error:
            await self._drop()  # of a producer that has failed nothing more can be expected
            left = [record for number, record in enumerate(records) if number not in places]
            raise PublishError(left, _why(error, self._timeout)) from error
        return [places[number] for number in range(len(records))]

    async def _look_for(self, topics: set[str]) -> None:
        if topics - self._there:
            await _require((await self._connected()).client, topics)
            self._there |= topics

    async def _send(self, record: OutRecord) -> Place:
        producer = await self._connected()
        sent = await producer.send_and_wait(
            record.topic, record.value, key=record.key, headers=record.headers
        )
        return Place(sent.topic, sent.partition, sent.offset)

    async def _connected(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(**self._options)
                try:
                    with _reaching(self._options["bootstrap_servers"]):
                        await producer.start()
                except BaseException:
                    await stop(producer)
                    raise
                self._producer = producer
            return self._producer

    async def _drop(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await stop(producer)


def _why(error: BaseException, timeout: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {timeout:g} s"
    if isinstance(error, UnreachableError | MissingTopicError):
        return str(error)
    return f"{type(error).__name__}: {error}"


class Consumer:
    """Events, in the order of their partitions, each until you say that it is `done`.

    `async with Consumer("localhost:9092", "my-psa", ["l1.walk.resolved"]) as consumer: async for received in consumer:`

    What is not done when this ends, or crashes, comes again; so does, now and then, what was done: drop ids that you
    know. It begins with the earliest event. Events of a newer contract are passed over, with a line in the log.

    Args:
        bootstrap_servers: `host:port`, several with commas.
        group_id: the consumer group: its members share the partitions, and it remembers what is done.
        topics: their names; None: those that PSA connectors read.
        commit_seconds: how often Kafka is told what is done; also when partitions are given up, and at the end.
        options: more of `AIOKafkaConsumer`; a ValueError for those that keep the contract.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        group_id: str,
        topics: Sequence[str] | None = None,
        *,
        commit_seconds: float = 1.0,
        **options: Any,
    ) -> None:
        refuse(options, _CONSUMER_FIXED, "Consumer")
        self._options = {"bootstrap_servers": bootstrap_servers, **options}
        self._consumer = AIOKafkaConsumer(group_id=group_id, **_CONSUMER, **self._options)
        self._topics = list(topics) if topics is not None else [Topics().resolved, Topics().escalated]
        self._commit_seconds = commit_seconds
        self._committed_at = time.monotonic()
        self._done = Done()
        self._unread: deque[ConsumerRecord] = deque()
        """Fetched, and not yet handed out: it is the consumer's, so that no loop that is left takes it along."""

    async def __aenter__(self) -> Self:
        """Join the group; raises UnreachableError where the brokers do not answer, MissingTopicError."""
        try:
            await require_topics(*self._topics, **self._options)
            self._consumer.subscribe(self._topics, listener=_Listener(self._give_up))
            await self._consumer.start()
        except BaseException:
            await stop(self._consumer)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Tell Kafka what is done, and leave the group."""
        await self._commit()
        await stop(self._consumer)

    async def __aiter__(self) -> AsyncIterator[Received]:
        """The next events, as they come, without end.

        Raises:
            EventError: of a record that is no event of ours, which nobody has handled: it comes again, in the next
                loop too.
            KafkaError: aiokafka's.
        """
        wait_ms = round(self._commit_seconds * 1000)
        while True:
            while self._unread:
                received = self._read(self._unread[0])  # what is no event stays the next one
                self._unread.popleft()
                if received is not None:
                    yield received
                    await self._commit_in_time()
            await self._commit_in_time()
            for records in (await self._consumer.getmany(timeout_ms=wait_ms)).values():
                self._unread.extend(records)

    async def done(self, received: Received) -> None:
        """You are done with this one: it need not come again."""
        self._done.done(received.place)
        await self._commit_in_time()

    def _read(self, record: ConsumerRecord) -> Received | None:
        place = Place(record.topic, record.partition, record.offset)
        event = event_of(Record(record.key, record.value, record.headers, record.timestamp))
        if event is None:
            logger.warning("%s, partition %d, offset %d: passed over, of a newer contract", *place)
            self._done.passed_over(place)
            return None
        self._done.given(place)
        return Received(event, place)

    async def _commit_in_time(self) -> None:
        if time.monotonic() - self._committed_at >= self._commit_seconds:
            await self._commit()

    async def _commit(self) -> None:
        self._committed_at = time.monotonic()
        offsets = self._done.to_commit()
        assigned = self._consumer.assignment()
        told: Mapping[TopicPartition, int] = {
            tp: offset for key, offset in offsets.items() if (tp := TopicPartition(*key)) in assigned
        }
        if not told:
            return
        try:
            await self._consumer.commit(told)
        except KafkaError as error:
            logger.warning("Kafka was not told what is done, which will come again: %s", type(error).__name__)
        else:
            self._done.committed({(tp.topic, tp.partition): offset for tp, offset in told.items()})

    async def _give_up(self, revoked: Collection[TopicPartition]) -> None:
        await self._commit()
        lost = {(tp.topic, tp.partition) for tp in revoked}
        self._done.lost(lost)
        self._unread = deque(
            record for record in self._unread if (record.topic, record.partition) not in lost
        )


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, give_up: Any) -> None:
        self._give_up = give_up

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        await self._give_up(revoked)

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Nothing: the group knows where to go on."""
