"""(b) A plain FastStream handler: one command at a time, SQLAlchemy's ORM, inbox and outbox in the transaction.

The event is published after the commit and its row deleted then. At least once: an offset is committed after its
command.
"""

import uuid

import uvloop
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

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

settings = configuration.load()
topics = Topics(settings.topic_prefix)
engine = create_async_engine(settings.require_database())
sessions = async_sessionmaker(engine, expire_on_commit=False)
broker = KafkaBroker(settings.require_kafka(), acks="all", enable_idempotence=True, logger=None)


@broker.subscriber(
    topics.commands,
    group_id=settings.consumer_group,
    auto_offset_reset="earliest",
    isolation_level="read_committed",
    ack_policy=AckPolicy.NACK_ON_ERROR,
)
async def handle(command: Command) -> None:
    async with sessions.begin() as session:
        key = (command.subject, command.source, command.id)
        if await session.get(Inbox, key) is not None:
            return
        walk = await _walk(session, command)
        session.add(Inbox(session_id=command.subject, source=command.source, command_id=command.id))
        event = event_of(walk, command)
        if event is None:
            return
        record = encode_event(event, topics)
        owed = Outbox(id=uuid.UUID(event.id), topic=record.topic, key=record.key, value=record.value)
        session.add(owed)
    headers = {name: value.decode() for name, value in record.headers}
    await broker.publish(record.value, topic=record.topic, key=record.key, headers=headers)
    async with sessions.begin() as session:
        await session.execute(delete(Outbox).where(Outbox.id == owed.id))


async def _walk(session: AsyncSession, command: Start | Step | Note | Resolve | Escalate) -> L1WalkSession:
    if isinstance(command, Start):
        walk = L1WalkSession(**started(command))
        session.add(walk)
        return walk
    found = await session.get(L1WalkSession, command.subject, with_for_update=True)
    if found is None:
        raise RuleError(f"{command.type} on {command.subject}, which is not there")
    change(found, command)
    return found


if __name__ == "__main__":
    uvloop.run(FastStream(broker, logger=None, after_shutdown=[engine.dispose]).run())
