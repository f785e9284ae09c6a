"""Publish one walk and print how it ended. Needs l1-walk-contracts[aiokafka]: python python_contracts.py"""

import asyncio
import logging
import os
import sys
from uuid import UUID

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from l1_walk_contracts import (
    CommandRejectedData,
    Record,
    ResolvedData,
    Ticket,
    TicketKind,
    Topics,
    WalkCommands,
    decode_event,
)
from l1_walk_contracts.aiokafka import Publisher, PublishError, require_topics

KAFKA = os.environ.get("WALK_KAFKA_BOOTSTRAP_SERVERS", "localhost:9092")
TOPICS = Topics(os.environ.get("WALK_TOPIC_PREFIX", "l1.walk"))
SECONDS = float(os.environ.get("WAIT_SECONDS", "30"))
ACCOUNT, USER = UUID("7c9e6679-7425-40de-944b-e07fc1f90ae7"), UUID("550e8400-e29b-41d4-a716-446655440000")


async def publish(publisher: Publisher, walk: WalkCommands) -> None:
    ticket = Ticket("T20260131.0042", TicketKind.PSA)
    await publisher.send(walk.start_ai_build(ticket, "link-light"))
    await publisher.send(walk.step("link-light", "no", question="Is the link light on?"))
    await publisher.send(walk.resolve("Plugged the cable back in – it works.", helpful=True))


async def ending(events: AIOKafkaConsumer, session: UUID) -> str:
    async for message in events:
        event = decode_event(Record(message.key, message.value, message.headers))
        if event.session_id != str(session):
            continue
        if isinstance(event.data, ResolvedData):
            return f"resolved: {event.data.ticket.id}, walk {session}\n{event.data.summary}"
        if isinstance(event.data, CommandRejectedData):
            errors = "; ".join(f"{error.field} {error.message}" for error in event.data.errors or ())
            sys.exit(f"rejected: {event.data.command_type}: {event.data.reason}: {errors}")
    raise AssertionError("a topic has no end")


async def main() -> None:
    walk = WalkCommands(account_id=ACCOUNT, user_id=USER, source="/examples/python", topics=TOPICS)
    await require_topics(TOPICS.resolved, TOPICS.rejected, bootstrap_servers=KAFKA)
    events = AIOKafkaConsumer(TOPICS.resolved, TOPICS.rejected, bootstrap_servers=KAFKA)
    try:
        await events.start()
        await events.seek_to_end()
        async with Publisher(KAFKA) as publisher:
            await publish(publisher, walk)
        async with asyncio.timeout(SECONDS):
            print(await ending(events, walk.session_id))
    finally:
        await events.stop()


logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what is wrong is said once, below
try:
    asyncio.run(main())
except TimeoutError:
    sys.exit(f"nothing came within {SECONDS:g} seconds: does a worker run?")
except (KafkaError, PublishError) as error:
    sys.exit(f"Kafka: {error}")
