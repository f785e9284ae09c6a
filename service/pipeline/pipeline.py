"""The way of a command, assembled: records -> decode -> one transaction -> publish -> forget -> commit offsets."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from faststream.kafka import KafkaBroker

from l1_walk_contracts import Topics
from service.domain.rules import Rules
from service.pipeline import decode, reference_topic
from service.pipeline.batch import Batch
from service.pipeline.conditions import Conditions
from service.pipeline.fold import Fold
from service.pipeline.intake import Intake
from service.pipeline.observer import Observer
from service.pipeline.partitions import Partitions
from service.pipeline.peek import holding
from service.pipeline.publishers import Publishers
from service.pipeline.reference_topic import CatchUp, ReferenceBatch
from service.pipeline.references import ReferencePolicy
from service.pipeline.relay import Relay
from service.pipeline.slices import Committed
from service.pipeline.subscriber import SLOW_POLL_MS, Subscription, Take
from service.pipeline.watch import Watch
from service.settings import Settings
from service.store.database import Database

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 5.0
"""How long a rebalance waits for what is owed; the rest is published by whoever takes the partition."""


class Pipeline:
    """Everything between the topics and the database.

    Args:
        settings: of the worker.
        broker: FastStream's, not started.
        database: migrated.
        adopted: whether the tables that references name are upstream's own.
        observer: is told of the work.
        new_producer: makes another producer when one has failed.
    """

    def __init__(
        self,
        settings: Settings,
        broker: KafkaBroker,
        database: Database,
        observer: Observer,
        *,
        adopted: bool,
        new_producer: Callable[[], AIOKafkaProducer],
    ) -> None:
        topics = Topics(settings.topic_prefix)
        self.conditions = Conditions()
        self._topics = topics
        self._commands = Subscription(
            broker, topics.commands, settings.consumer_group, settings.batch_max, "Commands"
        )
        self._references = Subscription(
            broker,
            topics.references,
            f"{settings.consumer_group}-references",
            settings.batch_max,
            "References",
            poll_ms=SLOW_POLL_MS,
        )
        self._watch = Watch((self._commands, self._references), self.conditions)
        self.relay = Relay(
            database,
            Publishers(broker, topics, new_producer),
            self.conditions,
            observer,
            self._commit_offsets,
        )
        self.partitions = Partitions(
            topics.commands,
            database,
            self.conditions,
            consumer=lambda: self._commands.consumer,
            before_resume=self.relay.publish_leftovers,
            after_loss=self._drain,
        )
        self.reference_partitions = Partitions(
            topics.references,
            database,
            self.conditions,
            consumer=lambda: self._references.consumer,
            before_resume=_nothing_left,
            after_loss=_nothing_owed,
        )
        policy = ReferencePolicy(
            database,
            settings.references,
            adopted=adopted,
            caught_up=CatchUp(
                database,
                topics.references,
                self._reference_ends,
                partial(holding, settings, topics.references),
            ),
        )
        rules = Rules(
            path_limit=settings.path_limit,
            active_gap=settings.active_gap,
            event_source=settings.event_source,
        )
        batch = Batch(database, topics.commands, Fold(topics, rules), policy, observer)
        reference_batch = ReferenceBatch(database, topics.references, adopted=adopted)
        intake = Intake(self.partitions, decode.decode, batch, self.conditions, observer, self._hand_over)
        reference_intake = Intake(
            self.reference_partitions,
            reference_topic.decode,
            reference_batch,
            self.conditions,
            observer,
            _nothing_to_hand_over,
        )
        self._commands.attach(self.partitions, self._then_room(intake))
        self._references.attach(self.reference_partitions, reference_intake.take)

    def start(self) -> None:
        """Begin to publish; the consumers are FastStream's to start."""
        self.relay.start()
        self._watch.start()

    async def give_up(self, seconds: float) -> None:
        """Handle nothing more: the batch in flight ends, what it owes is published, offsets are committed."""
        try:
            async with asyncio.timeout(seconds):
                await self.partitions.give_up()  # first: its batch may wait for references
                await self.reference_partitions.give_up()
        except TimeoutError:
            logger.warning("the batch in flight did not end in time: it will be handled again")

    async def stop(self) -> None:
        """Stop publishing."""
        await self._watch.stop()
        await self.relay.stop()

    @property
    def alive(self) -> bool:
        """Whether all its loops run."""
        return self.relay.alive and self._watch.alive and self._commands.alive and self._references.alive

    def lags(self) -> dict[int, int]:
        """For each partition held, the messages that wait, as far as the last fetch tells."""
        consumer = self._commands.consumer
        lags = {}
        for number, partition in self.partitions.held.items():
            end = consumer.highwater(TopicPartition(self._topics.commands, number))
            lags[number] = max(0, end - partition.next_offset) if end is not None else 0
        return lags

    def _hand_over(self, committed: Committed) -> None:
        self.relay.hand_over(committed.messages, committed.positions)

    def _then_room(self, intake: Intake[decode.Decoded]) -> Take:
        async def take(records: Sequence[ConsumerRecord]) -> None:
            await intake.take(records)
            await self.relay.room()

        return take

    async def _drain(self) -> None:
        if not await self.relay.drain(DRAIN_SECONDS):
            logger.warning("not all that is owed could be published: it stands in the outbox")

    async def _commit_offsets(self, positions: Mapping[int, int]) -> None:
        """Tell Kafka how far the partitions are: for lag tools alone, so a refusal changes nothing."""
        consumer = self._commands.consumer
        assigned = consumer.assignment()
        offsets = {TopicPartition(self._topics.commands, p): offset for p, offset in positions.items()}
        ours = {tp: offset for tp, offset in offsets.items() if tp in assigned}
        if not ours:
            return
        try:
            await consumer.commit(ours)
        except KafkaError as error:
            logger.debug("offsets were not committed", exc_info=error)

    async def _reference_ends(self) -> dict[int, int]:
        consumer = self._references.consumer
        numbers = consumer.partitions_for_topic(self._topics.references) or set()
        tps = [TopicPartition(self._topics.references, number) for number in numbers]
        return {tp.partition: end for tp, end in (await consumer.end_offsets(tps)).items()}


async def _nothing_left(_partitions: Collection[int]) -> None:
    """References cause no messages."""


async def _nothing_owed() -> None:
    """References cause no messages."""


def _nothing_to_hand_over(_committed: Committed) -> None:
    """References cause no messages."""
