"""(c) What a good engineer writes in a day: FastStream's batch subscriber, typed, and SQLAlchemy Core in bulk.

One transaction a batch with inbox and outbox; what it owes is published in batches, one for each partition that the
keys lead to, and deleted then. Offsets are committed after that.
"""

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import uvloop
from aiokafka.partitioner import DefaultPartitioner
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker, KafkaPublishMessage
from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bench.contenders.tables import Inbox, Outbox
from bench.contenders.typed import (
    Command,
    Escalate,
    Note,
    Resolve,
    RuleError,
    Start,
    Step,
    change,
    event_of,
    started,
)
from l1_walk_contracts import Topics, encode_event
from service import settings as configuration
from service.store.tables import L1WalkSession

BATCH_BYTES = 512 * 1024
CHUNK = 200
"""Messages that are published as one batch, at most: they must fit `BATCH_BYTES`."""

Any_ = Start | Step | Note | Resolve | Escalate
Owed = dict[str, Any]

settings = configuration.load()
topics = Topics(settings.topic_prefix)
engine = create_async_engine(settings.require_database())
broker = KafkaBroker(
    settings.require_kafka(), acks="all", enable_idempotence=True, max_batch_size=BATCH_BYTES, logger=None
)
partitioner = DefaultPartitioner()
partitions = list(range(settings.topic_partitions))

walks_table = cast("Table", L1WalkSession.__table__)


@dataclass(slots=True)
class Walk:
    """The columns of a walk that its commands need."""

    id: uuid.UUID
    account_id: uuid.UUID
    created_by_user_id: uuid.UUID
    acting_as: str | None
    ticket_id: str
    ticket_kind: str
    session_kind: str
    flow_id: uuid.UUID | None
    flow_proposal_id: uuid.UUID | None
    current_node_id: str | None
    walked_path: list[Any]
    walk_notes: list[Any]
    status: str
    started_at: Any
    last_step_at: Any
    version: int
    resolution_notes: str | None = None
    helpful: bool | None = None
    escalation_reason: str | None = None
    escalation_reason_category: str | None = None
    resolved_at: Any = None


COLUMNS = [walks_table.c[name] for name in Walk.__slots__]
CHANGING = (
    "current_node_id", "walked_path", "walk_notes", "status", "resolution_notes", "helpful", "escalation_reason",
    "escalation_reason_category", "last_step_at", "resolved_at", "version",
)  # fmt: skip
UPDATE = (
    update(walks_table)
    .where(walks_table.c.id == bindparam("walk_id"))
    .values({name: bindparam(f"new_{name}") for name in CHANGING})
)
REMEMBER = upsert(Inbox).on_conflict_do_nothing().returning(Inbox.session_id, Inbox.source, Inbox.command_id)


@broker.subscriber(
    topics.commands,
    batch=True,
    max_records=settings.batch_max,
    batch_timeout_ms=10,
    group_id=settings.consumer_group,
    auto_offset_reset="earliest",
    isolation_level="read_committed",
    ack_policy=AckPolicy.NACK_ON_ERROR,
)
async def handle(commands: list[Command]) -> None:
    async with engine.begin() as connection:
        new = await _remember(connection, commands)
        found = await _load(connection, new)
        walks, owed = _decide(new, found)
        await _write(connection, walks, found)
        if owed:
            await connection.execute(insert(Outbox), owed)
    if owed:
        await _publish(owed)
        async with engine.begin() as connection:
            await connection.execute(delete(Outbox).where(Outbox.id.in_([one["id"] for one in owed])))


async def _remember(connection: AsyncConnection, commands: Sequence[Any_]) -> list[Any_]:
    """The commands that were not handled before; they are now."""
    rows = [{"session_id": c.subject, "source": c.source, "command_id": c.id} for c in commands]
    inserted = {tuple(row) for row in await connection.execute(REMEMBER, rows)}
    new = []
    for command in commands:
        key = (command.subject, command.source, command.id)
        if key in inserted:
            inserted.remove(key)
            new.append(command)
    return new


async def _load(connection: AsyncConnection, commands: Sequence[Any_]) -> dict[uuid.UUID, Walk]:
    begun = {c.subject for c in commands if isinstance(c, Start)}
    ids = {c.subject for c in commands} - begun
    if not ids:
        return {}
    found = select(*COLUMNS).where(walks_table.c.id.in_(ids)).order_by(walks_table.c.id).with_for_update()
    return {row.id: Walk(*row) for row in await connection.execute(found)}


def _decide(
    commands: Sequence[Any_], found: dict[uuid.UUID, Walk]
) -> tuple[dict[uuid.UUID, Walk], list[Owed]]:
    walks = dict(found)
    owed: list[Owed] = []
    for command in commands:
        if isinstance(command, Start):
            walk = walks[command.subject] = Walk(**started(command))
        elif command.subject in walks:
            walk = walks[command.subject]
            change(walk, command)
        else:
            raise RuleError(f"{command.type} on {command.subject}, which is not there")
        event = event_of(walk, command)
        if event is not None:
            record = encode_event(event, topics)
            owed.append(
                {"id": uuid.UUID(event.id), "topic": record.topic, "key": record.key, "value": record.value}
            )
    return walks, owed


async def _write(
    connection: AsyncConnection, walks: dict[uuid.UUID, Walk], found: dict[uuid.UUID, Walk]
) -> None:
    begun = [asdict(walk) for id_, walk in walks.items() if id_ not in found]
    if begun:
        await connection.execute(insert(walks_table), begun)
    if found:
        changes = [
            {"walk_id": walk.id, **{f"new_{name}": getattr(walk, name) for name in CHANGING}}
            for walk in found.values()
        ]
        await connection.execute(UPDATE, changes)


async def _publish(owed: Sequence[Owed]) -> None:
    """Publish by the partition that the key leads to, which keeps the order of each key."""
    groups: dict[tuple[str, int], list[KafkaPublishMessage]] = defaultdict(list)
    for one in owed:
        place = one["topic"], partitioner(one["key"], partitions, partitions)
        groups[place].append(KafkaPublishMessage(one["value"], key=one["key"]))
    sent = []
    for (topic, partition), messages in groups.items():
        for first in range(0, len(messages), CHUNK):
            chunk = messages[first : first + CHUNK]
            sent.append(
                await broker.publish_batch(
                    *chunk,
                    topic=topic,
                    partition=partition,
                    headers={"content-type": "application/cloudevents+json"},
                    no_confirm=True,
                )
            )
    await asyncio.gather(*sent)


if __name__ == "__main__":
    uvloop.run(FastStream(broker, logger=None, after_shutdown=[engine.dispose]).run())
