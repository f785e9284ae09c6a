"""Publish commands and consume events with confluent-kafka: `pip install 'l1-walk-contracts[confluent]'`.

Key, headers, acknowledgements, idempotence and partitioner are set as the contract wants them: librdkafka's own
default partitioner is another than that of all other clients.
"""

import logging
import time
from collections.abc import Collection, Iterator, Sequence, Set
from types import TracebackType
from typing import Any, Final, Self

from confluent_kafka import Consumer as _Consumer
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka import Producer as _Producer

from .consume import EventError
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
]

logger = logging.getLogger(__name__)

_PRODUCER: Final = {"acks": "all", "enable.idempotence": True, "partitioner": "murmur2_random"}
_PRODUCER_FIXED: Final = {
    *_PRODUCER, "topic.partitioner", "request.required.acks", "transactional.id", "delivery.timeout.ms",
    "message.timeout.ms", "bootstrap.servers",
}  # fmt: skip
_CONSUMER: Final = {
    "auto.offset.reset": "earliest",
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "isolation.level": "read_committed",
}
_CONSUMER_FIXED: Final = {*_CONSUMER, "bootstrap.servers", "group.id"}
_POLL_SECONDS: Final = 0.1
_REACHED_SECONDS: Final = 10.0
"""How long brokers may take to tell which topics they have."""
_FIRST_PATIENCE: Final = 0.5
"""So long they are waited for at once, at first; then twice as long each time, for what is slow and far away."""


class _PlainError(KafkaException):
    """An error of Kafka's, as handlers of `KafkaException` expect it, that prints as its text alone."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(KafkaError(code, text))

    def __str__(self) -> str:
        return str(self.args[0].str())


class UnreachableError(_PlainError):
    """None of the brokers that were named answers, or none takes who we are."""

    def __init__(self, bootstrap_servers: str) -> None:
        super().__init__(KafkaError._ALL_BROKERS_DOWN, nobody_answers(bootstrap_servers))


class MissingTopicError(_PlainError):
    """A topic is not on the broker, or not for us to see."""

    def __init__(self, topics: Sequence[str]) -> None:
        super().__init__(KafkaError.UNKNOWN_TOPIC_OR_PART, topics_missing(topics))


def _require(
    client: _Producer | _Consumer, bootstrap_servers: str, topics: Collection[str], seconds: float
) -> None:
    """Raises UnreachableError; MissingTopicError where topics are not there, of which librdkafka says so late."""
    deadline = time.monotonic() + NEW_TOPIC_SECONDS
    while missing := sorted(set(topics) - _known(client, bootstrap_servers, seconds)):
        if time.monotonic() > deadline:
            raise MissingTopicError(missing)
        time.sleep(0.1)


def _known(client: _Producer | _Consumer, bootstrap_servers: str, seconds: float) -> Set[str]:
    """All topics, since to name one may create it."""
    began, patience = time.monotonic(), _FIRST_PATIENCE
    while True:
        left = began + seconds - time.monotonic()
        try:
            topics: Set[str] = client.list_topics(timeout=min(patience, max(left, 0.1))).topics.keys()
        except KafkaException as error:
            if left <= patience:
                raise UnreachableError(bootstrap_servers) from error
        else:
            return topics
        client.poll(0)  # lets the log come, and Ctrl-C
        patience *= 2


class Publisher:
    """`with Publisher("localhost:9092") as publisher: publisher.send(record)`. Threads may share it.

    Args:
        bootstrap_servers: `host:port`, several with commas.
        timeout: seconds to wait for an acknowledgement.
        options: more of librdkafka's, such as `security.protocol`; a ValueError for those that keep the contract.
    """

    def __init__(
        self, bootstrap_servers: str, options: dict[str, Any] | None = None, *, timeout: float = TIMEOUT
    ) -> None:
        refuse(options or {}, _PRODUCER_FIXED, "Publisher")
        self._servers = bootstrap_servers
        self._timeout = timeout
        self._there: set[str] = set()
        """Topics that were seen."""
        # librdkafka gives up by itself, a moment before we do: nothing of ours may be sent behind our back
        limit = {"delivery.timeout.ms": max(1000, round(timeout * 1000))}
        own = {"bootstrap.servers": bootstrap_servers, **_PRODUCER, **limit}
        self._producer = _Producer({"linger.ms": 0, "logger": logger, **(options or {}), **own})

    def __enter__(self) -> Self:
        """Connects when something is sent."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        self._producer.purge()
        self._producer.flush(1)

    def send(self, *records: OutRecord) -> list[Place]:
        """Send, in order, and wait until the brokers have acknowledged all of it.

        Of several records of one walk each is sent when the one before it is acknowledged. Threads that send at the
        same time keep no order among each other.

        Returns:
            Where each stands.

        Raises:
            PublishError: which were not acknowledged. Send these again, before anything else of their walks. A topic
                that is not there is its `__cause__`, a MissingTopicError.
        """
        self._look_for(records)
        places: dict[int, Place] = {}
        for wave in waves(records):
            failures: list[str] = []
            for number in wave:
                self._produce(records[number], number, places, failures)
            self._await(wave, places, failures)
            if any(number not in places for number in wave):
                left = [record for number, record in enumerate(records) if number not in places]
                raise PublishError(left, failures[0] if failures else f"no answer within {self._timeout:g} s")
        return [places[number] for number in range(len(records))]

    def _look_for(self, records: Sequence[OutRecord]) -> None:
        topics = {record.topic for record in records}
        if topics <= self._there:
            return
        try:
            _require(self._producer, self._servers, topics, min(self._timeout, _REACHED_SECONDS))
        except KafkaException as error:
            raise PublishError(records, str(error)) from error
        self._there |= topics

    def _produce(self, record: OutRecord, number: int, places: dict[int, Place], failures: list[str]) -> None:
        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                failures.append(error.str())
            else:
                places[number] = _place(message)

        headers: list[tuple[str, str | bytes | None]] = list(record.headers)
        try:
            self._producer.produce(
                record.topic, key=record.key, value=record.value, headers=headers, on_delivery=delivered
            )
        except (KafkaException, BufferError) as error:
            failures.append(str(error))

    def _await(self, wave: Sequence[int], places: dict[int, Place], failures: list[str]) -> None:
        deadline = time.monotonic() + self._timeout + 1
        while sum(number in places for number in wave) + len(failures) < len(wave):
            if time.monotonic() > deadline:
                return
            self._producer.poll(_POLL_SECONDS)


class Consumer:
    """Events, in the order of their partitions, each until you say that it is `done`.

    `with Consumer("localhost:9092", "my-psa", ["l1.walk.resolved"]) as consumer: for received in consumer: ...`

    What is not done when this ends, or crashes, comes again; so does, now and then, what was done: drop ids that you
    know. It begins with the earliest event. Events of a newer contract are passed over, with a line in the log.

    Args:
        bootstrap_servers: `host:port`, several with commas.
        group_id: the consumer group: its members share the partitions, and it remembers what is done.
        topics: their names; None: those that PSA connectors read.
        commit_seconds: how often Kafka is told what is done; also when partitions are given up, and at the end.
        options: more of librdkafka's; a ValueError for those that keep the contract.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        group_id: str,
        topics: Sequence[str] | None = None,
        options: dict[str, Any] | None = None,
        *,
        commit_seconds: float = 1.0,
    ) -> None:
        refuse(options or {}, _CONSUMER_FIXED, "Consumer")
        own = {"bootstrap.servers": bootstrap_servers, "group.id": group_id, **_CONSUMER}
        self._servers = bootstrap_servers
        self._consumer = _Consumer({"logger": logger, **(options or {}), **own})
        self._topics = list(topics) if topics is not None else [Topics().resolved, Topics().escalated]
        self._commit_seconds = commit_seconds
        self._committed_at = time.monotonic()
        self._done = Done()
        self._unread: Message | None = None
        """What was no event: the next loop begins with it."""

    def __enter__(self) -> Self:
        """Join the group; raises UnreachableError where the brokers do not answer, MissingTopicError."""
        try:
            _require(self._consumer, self._servers, self._topics, _REACHED_SECONDS)
        except KafkaException:
            self._consumer.close()
            raise
        self._consumer.subscribe(self._topics, on_revoke=self._give_up, on_lost=self._lose)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Tell Kafka what is done, and leave the group."""
        self._commit()
        self._consumer.close()

    def __iter__(self) -> Iterator[Received]:
        """The next events, as they come, without end.

        Raises:
            EventError: of a record that is no event of ours, which nobody has handled: it comes again, in the next
                loop too.
            KafkaException: confluent-kafka's, where it does not mend itself.
        """
        while True:
            message, self._unread = self._unread, None
            if message is None:  # one without a value is false
                message = self._consumer.poll(min(_POLL_SECONDS, self._commit_seconds))
            if message is not None and (received := self._read(message)) is not None:
                yield received
            self._commit_in_time()

    def done(self, received: Received) -> None:
        """You are done with this one: it need not come again."""
        self._done.done(received.place)
        self._commit_in_time()

    def _read(self, message: Message) -> Received | None:
        error = message.error()
        if error is not None:
            if error.retriable() or error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                logger.warning("Kafka: %s", error.str())
                return None
            raise KafkaException(error)
        place = _place(message)
        given: Any = message.headers()
        headers = [(name, _bytes(content)) for name, content in given or ()]
        _, stamp = message.timestamp()
        try:
            event = event_of(Record(_bytes(message.key()), _bytes(message.value()), headers, stamp))
        except EventError:
            self._unread = message
            raise
        if event is None:
            logger.warning("%s, partition %d, offset %d: passed over, of a newer contract", *place)
            self._done.passed_over(place)
            return None
        self._done.given(place)
        return Received(event, place)

    def _commit_in_time(self) -> None:
        if time.monotonic() - self._committed_at >= self._commit_seconds:
            self._commit()

    def _commit(self) -> None:
        self._committed_at = time.monotonic()
        offsets = self._done.to_commit()
        if not offsets:
            return
        told = [TopicPartition(*key, offset) for key, offset in offsets.items()]
        try:
            self._consumer.commit(offsets=told, asynchronous=False)
        except KafkaException as error:
            logger.warning("Kafka was not told what is done, which will come again: %s", error)
        else:
            self._done.committed(offsets)

    def _give_up(self, _: Any, revoked: list[TopicPartition]) -> None:
        self._commit()
        self._lose(_, revoked)

    def _lose(self, _: Any, lost: list[TopicPartition]) -> None:
        partitions = [(tp.topic, tp.partition) for tp in lost]
        self._done.lost(partitions)
        if self._unread is not None and _place(self._unread)[:2] in partitions:
            self._unread = None


def _place(message: Message) -> Place:
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    assert topic is not None
    assert partition is not None
    assert offset is not None
    return Place(topic, partition, offset)


def _bytes(content: str | bytes | None) -> bytes | None:
    return content.encode() if isinstance(content, str) else content
