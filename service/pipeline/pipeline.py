"""The way of a command, assembled: records -> decode -> one transaction -> publish -> forget -> commit offsets."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from faststream.kafka import KafkaBroker

from l1_walk_contracts import Topics
from service.domain.rules import Rules
from service.pipeline import decode, reference_topic
from service.pipeline.absence import Absence, Membership
from service.pipeline.batch import Batch
from service.pipeline.conditions import Conditions
from service.pipeline.doubt import Doubt
from service.pipeline.fold import Fold
from service.pipeline.intake import Intake
from service.pipeline.observer import Observer
from service.pipeline.partitions import Partition, Partitions
from service.pipeline.peek import digests, holding
from service.pipeline.publishers import Publishers
from service.pipeline.reference_topic import CatchUp, ReferenceBatch
from service.pipeline.references import ReferencePolicy
from service.pipeline.relay import Relay
from service.pipeline.slices import Committed
from service.pipeline.subscriber import SLOW_POLL_MS, Subscription, Take
from service.pipeline.watch import Watch
from service.settings import Settings
from service.store import progress
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
        self.conditions = Conditions()
        self._settings = settings
        self._database = database
        self._observer = observer
        self._adopted = adopted
        self._topics = topics = Topics(settings.topic_prefix)
        group, limit = settings.consumer_group, settings.batch_max
        self._commands = Subscription(broker, topics.commands, group, limit, "Commands")
        self._references = Subscription(
            broker, topics.references, f"{group}-references", limit, "References", poll_ms=SLOW_POLL_MS
        )
        self._watch = Watch((self._commands, self._references), self.conditions)
        publishers = Publishers(broker, topics, new_producer)
        self.relay = Relay(database, publishers, self.conditions, observer, self._commit_offsets)
        self.partitions = self._take_commands()
        self.reference_partitions = self._take_references()
        self._absence = Absence(
            (
                Membership(self._commands, self.partitions),
                Membership(self._references, self.reference_partitions),
            ),
            self.conditions,
        )

    def _take_commands(self) -> Partitions:
        partitions = Partitions(
            self._topics.commands,
            self._database,
            self.conditions,
            consumer=lambda: self._commands.consumer,
            digests=partial(digests, self._settings, self._topics.commands),
            batch_max=self._settings.batch_max,
            before_resume=self.relay.publish_leftovers,
            after_loss=self._drain,
        )
        fold = Fold(self._topics, _rules(self._settings))
        batch = Batch(self._database, self._topics.commands, fold, self._policy(), self._observer)
        intake = Intake(
            partitions,
            decode.decode,
            batch,
            self.conditions,
            self._observer,
            self._doubt(self._topics.commands),
            committed=self._hand_over,
            put_aside=decode.Decoded.failing,
        )
        self._commands.attach(partitions, self._then_room(intake))
        return partitions

    def _take_references(self) -> Partitions:
        topic = self._topics.references
        partitions = Partitions(
            topic,
            self._database,
            self.conditions,
            consumer=lambda: self._references.consumer,
            digests=partial(digests, self._settings, topic),
            compacted=True,
            batch_max=self._settings.batch_max,
        )
        batch = ReferenceBatch(self._database, topic, adopted=self._adopted)
        intake = Intake(
            partitions, reference_topic.decode, batch, self.conditions, self._observer, self._doubt(topic)
        )
        self._references.attach(partitions, intake.take)
        return partitions

    def _doubt(self, topic: str) -> Doubt:
        async def note(held: Partition, offset: int, tries: int) -> None:
            async with self._database.transaction() as connection:
                await progress.note_try(connection, topic, held.number, held.epoch, offset, tries)

        return Doubt(note)

    def _policy(self) -> ReferencePolicy:
        topic = self._topics.references
        caught_up = CatchUp(
            self._database, topic, self._reference_ends, partial(holding, self._settings, topic)
        )
        return ReferencePolicy(
            self._database, self._settings.references, adopted=self._adopted, caught_up=caught_up
        )

    def start(self) -> None:
        """Begin to publish; the consumers are FastStream's to start."""
        self.relay.start()
        self._watch.start()
        self._absence.start()

    async def give_up(self, seconds: float) -> None:
        """Handle nothing more: the batch in flight ends, what it owes is published, offsets are committed."""
        await self._absence.stop()
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
        loops = (self.relay, self._watch, self._absence, self._commands, self._references)
        return all(loop.alive for loop in loops)

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


def _rules(settings: Settings) -> Rules:
    return Rules(
        path_limit=settings.path_limit, active_gap=settings.active_gap, event_source=settings.event_source
    )
