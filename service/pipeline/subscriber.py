"""The subscriptions: FastStream runs the consumers, the handlers get raw records and keep the offsets themselves.

Typing is bypassed (`parser`, `decoder`, `apply_types=False` on the broker): a record that
is no UTF-8, null or unreadable would raise there, the batch be skipped, and its offsets passed by the next commit. It
also costs 13 us a message as a list of models and 80 one by one, where ours costs 11 with every check of the contract,
the digest and the references (`bench/decode_cost.py`).
`AckPolicy.MANUAL`, because every other policy commits or re-reads on its own: here progress in the database is the
truth, and a batch that did not commit is sought back.
"""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import ConsumerStoppedError, OffsetOutOfRangeError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.subscriber.usecase import BatchSubscriber

from service.pipeline.beyond import Beyond
from service.pipeline.partitions import Partitions

Take = Callable[[Sequence[ConsumerRecord]], Awaitable[None]]
Poll = Callable[[AIOKafkaConsumer], Coroutine[Any, Any, tuple[ConsumerRecord, ...]]]

POLL_MS = 10
"""How long a poll waits for records. FastStream sleeps as long again after one that found nothing: a command that
comes then waits for it, and an idle worker spends half a percent of a core on polling."""
SLOW_POLL_MS = 100
"""The same where nobody waits for an answer."""
SESSION_TIMEOUT_MS = 10_000
"""A worker that is killed is noticed after this (design 9, rule 9)."""
HEARTBEAT_MS = 500
"""A worker that leaves is noticed by the others after this: a planned stop costs a partition less than 2 s."""
REBALANCE_TIMEOUT_MS = 30_000
"""How long the group waits for a member that is ending its batch and publishing what it owes."""


class Subscription:
    """One topic's consumer, run by FastStream.

    Args:
        broker: FastStream's; made with `apply_types=False`.
        topic: what to subscribe to.
        group: the consumer group.
        max_records: the most that one batch holds.
        title: for the AsyncAPI document.
        poll_ms: how long a poll waits.
    """

    def __init__(
        self,
        broker: KafkaBroker,
        topic: str,
        group: str,
        max_records: int,
        title: str,
        *,
        poll_ms: int = POLL_MS,
    ) -> None:
        self._broker = broker
        self.topic = topic
        self._group = group
        self._max_records = max_records
        self._title = title
        self._poll_ms = poll_ms
        self._subscriber: BatchSubscriber | None = None
        self._partitions: Partitions | None = None

    def attach(self, partitions: Partitions, take: Take) -> None:
        """Say who follows the group's assignments and who takes the records."""
        self._partitions = partitions
        self._subscriber = self._broker.subscriber(
            self.topic,
            batch=True,
            max_records=self._max_records,
            batch_timeout_ms=self._poll_ms,
            group_id=self._group,
            listener=partitions,
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="none",  # what retention took, or a topic that was made anew, is never passed over
            isolation_level="read_committed",
            session_timeout_ms=SESSION_TIMEOUT_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            rebalance_timeout_ms=REBALANCE_TIMEOUT_MS,
            parser=_unparsed,
            decoder=_undecoded,
            no_reply=True,
            title=self._title,
        )

        # aiokafka hands out nothing of a poll that fails at one partition, and yet goes on behind what it had of others
        self._subscriber.get_msg = _undone(self._subscriber.get_msg, partitions)  # type: ignore[assignment,method-assign]

        @self._subscriber
        async def handle(records: Any) -> None:
            await take(records)

    def leave(self) -> None:
        """Leave the group, so that others get the partitions at once; FastStream's poll waits meanwhile.

        aiokafka then calls no listener: what is held is given up before.
        """
        self.consumer.unsubscribe()

    def join(self) -> None:
        """Be a member of the group again."""
        self.consumer.subscribe([self.topic], listener=self._partitions)

    @property
    def consumer(self) -> AIOKafkaConsumer:
        """The consumer, from the moment that FastStream has made it."""
        assert self._subscriber is not None
        consumer = self._subscriber.consumer
        assert consumer is not None
        return consumer

    @property
    def alive(self) -> bool:
        """Whether records are still being fetched, and none of aiokafka's own tasks has ended by an error."""
        subscriber = self._subscriber
        if subscriber is None or subscriber.consumer is None or not subscriber.running:
            return False
        consumer = subscriber.consumer
        coordinator, fetcher = consumer._coordinator, consumer._fetcher
        tasks = (consumer._client._sync_task, coordinator._coordination_task, fetcher._fetch_task)
        return not any(task.done() for task in tasks)

    @property
    def answered(self) -> bool:
        """Whether the group's coordinator is known, which is so from its first answer to its first silence.

        aiokafka keeps that to itself.
        """
        consumer = self._subscriber.consumer if self._subscriber is not None else None
        return consumer is None or consumer._coordinator.coordinator_id is not None

    @property
    def known(self) -> bool:
        """Whether the brokers tell of the topic; where they do not, aiokafka is a member that gets nothing."""
        consumer = self._subscriber.consumer if self._subscriber is not None else None
        return consumer is None or bool(consumer.partitions_for_topic(self.topic))


def _undone(poll: Poll, partitions: Partitions) -> Poll:
    """The poll; where it fails, that is said, and all partitions are fetched again from where they stand."""

    beyond = Beyond(partitions)

    async def fetch(consumer: AIOKafkaConsumer) -> tuple[ConsumerRecord, ...]:
        try:
            records = await poll(consumer)
        except ConsumerStoppedError:
            raise
        except OffsetOutOfRangeError:
            await partitions.fetch_within()
            return ()
        except Exception as error:
            partitions.fetch_again(error)
            raise
        partitions.fetched()
        if not records:
            await beyond.nothing_fetched(consumer)
        return records

    return fetch


async def _unparsed(records: tuple[ConsumerRecord, ...]) -> KafkaMessage:
    return KafkaMessage(body=records, raw_message=records, headers={}, consumer=None)  # type: ignore[arg-type]


async def _undecoded(message: KafkaMessage) -> Any:
    return message.body
