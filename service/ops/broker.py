"""The brokers for those who look or prepare: short-lived clients whose errors say what to do."""

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    KafkaError,
    NotCoordinatorForGroupError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
    for_code,
)

from l1_walk_contracts.delivery import not_there
from service.kafka import client_options, stop
from service.ops.errors import NotSetUpError, PreflightError, RefusedError, UnreachableError
from service.settings import Settings
from service.store.errors import words

REQUEST_SECONDS = 5
"""How long one request may take."""

GROUP_SECONDS = 5.0
"""How long brokers may take until they can tell of a group."""
GROUP_POLL_SECONDS = 0.2
_GROUPS_NOT_READY = (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
)
_NOT_ALLOWED = (
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
    TopicAuthorizationFailedError,
    GroupAuthorizationFailedError,
    ClusterAuthorizationFailedError,
)


_BROKER_JARGON = re.compile(r"^\[Error \d+\] |^\w*Error: |:? <AIOKafkaConnection.*>$")


@contextmanager
def explained(settings: Settings) -> Iterator[None]:
    """Turns what aiokafka raises within the block into one line.

    Why it cannot connect, aiokafka tells its log alone: that is read here, and goes nowhere else meanwhile.

    Raises:
        UnreachableError: no broker answers.
        RefusedError: one answers, and turns us away.
    """
    log = _LastWords()
    with log.listening():
        try:
            yield
        except PreflightError:
            raise
        except _NOT_ALLOWED as error:
            raise RefusedError(
                f"the broker {settings.kafka_bootstrap_servers} turns us away ({words(error)}):"
                f" check WALK_KAFKA_USERNAME, its password and its rights"
            ) from error
        except (KafkaError, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            why = _BROKER_JARGON.sub("", log.text or words(error))
            raise UnreachableError(
                f"the broker {settings.kafka_bootstrap_servers} cannot be reached ({why}):"
                f" is it running, and is WALK_KAFKA_BOOTSTRAP_SERVERS right?"
            ) from error


@asynccontextmanager
async def admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client, closed when the block ends; raises as `explained` does."""
    with explained(settings):
        client = AIOKafkaAdminClient(**client_options(settings), request_timeout_ms=REQUEST_SECONDS * 1000)
        try:
            await client.start()
            yield client
        finally:
            await client.close()


@asynccontextmanager
async def reader(settings: Settings, *, fetch_bytes: int = 1024 * 1024) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer outside of any group, `read_committed`, to be assigned; raises as `explained` does.

    Args:
        settings: where the brokers are.
        fetch_bytes: what one fetch brings of a partition, at most; one batch of records always.
    """
    with explained(settings):
        consumer = AIOKafkaConsumer(
            **client_options(settings),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_wait_ms=100,
            max_partition_fetch_bytes=fetch_bytes,
            request_timeout_ms=REQUEST_SECONDS * 1000,
        )
        try:
            await consumer.start()
            yield consumer
        finally:
            await stop(consumer)


async def members(settings: Settings, group: str, *, seconds: float = GROUP_SECONDS) -> int | None:
    """How many are in a consumer group now; None where the brokers cannot or do not tell.

    Brokers that never had a group take a second to get ready for the first.
    """
    deadline = time.monotonic() + seconds
    try:
        async with admin(settings) as client:
            while True:
                with suppress(*_GROUPS_NOT_READY):
                    [response] = await client.describe_consumer_groups([group])
                    [(error, _, _, _, _, found, *_)] = response.groups
                    if for_code(error) not in _GROUPS_NOT_READY:
                        return None if error else len(found)
                if time.monotonic() > deadline:
                    return None
                await asyncio.sleep(GROUP_POLL_SECONDS)
    except (PreflightError, ValueError):
        return None


class Extent(NamedTuple):
    """What a partition holds: offsets from `begin` to before `end`."""

    begin: int
    end: int


async def extents(consumer: AIOKafkaConsumer, *topics: str) -> dict[TopicPartition, Extent]:
    """What each partition of these topics holds now; what a transaction still hides is not counted.

    Raises:
        NotSetUpError: names the topics that are not there.
    """
    numbers = await partitions(consumer._client, *topics)
    places = [TopicPartition(topic, number) for topic in topics for number in numbers[topic]]
    begin, end = await asyncio.gather(consumer.beginning_offsets(places), consumer.end_offsets(places))
    return {place: Extent(begin[place], end[place]) for place in places}


async def partitions(client: AIOKafkaClient, *topics: str) -> dict[str, list[int]]:
    """The partitions of each topic. Asks for all topics, since naming one may create it.

    Raises:
        NotSetUpError: names the topics that are not there.
    """
    cluster = await client.fetch_all_metadata()
    missing = [topic for topic in topics if topic not in cluster.topics()]
    if missing:
        raise NotSetUpError(missing_topics(missing))
    return {topic: sorted(cluster.partitions_for_topic(topic)) for topic in topics}


def missing_topics(names: list[str]) -> str:
    """The line that says which topics are not there, and what to do."""
    return f"{not_there(names)}: run: walk topics create"


class _LastWords(logging.Handler):
    """Keeps the last reason that aiokafka's log gave."""

    text = ""

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.args, tuple) and record.args:
            reason = record.args[-1]
            self.text = words(reason) if isinstance(reason, BaseException) else str(reason)

    @contextmanager
    def listening(self) -> Iterator[None]:
        logger = logging.getLogger("aiokafka")
        before = logger.propagate
        logger.addHandler(self)
        logger.propagate = False
        try:
            yield
        finally:
            logger.removeHandler(self)
            logger.propagate = before
