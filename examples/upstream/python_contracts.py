"""Publish one walk and print how it ended. Needs l1-walk-contracts and aiokafka: python python_contracts.py"""

import asyncio
import os
import sys
from datetime import UTC, datetime
from uuid import UUID, uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from l1_walk_contracts import (
    CommandRejectedData,
    Record,
    ResolveData,
    ResolvedData,
    SessionKind,
    StartData,
    StepData,
    Ticket,
    TicketKind,
    Topics,
    decode_event,
    encode_command,
)

KAFKA = os.environ.get("WALK_KAFKA_BOOTSTRAP_SERVERS", "localhost:9092")
TOPICS = Topics(os.environ.get("WALK_TOPIC_PREFIX", "l1.walk"))
SECONDS = float(os.environ.get("WAIT_SECONDS", "30"))
ACCOUNT, USER = UUID("7c9e6679-7425-40de-944b-e07fc1f90ae7"), UUID("550e8400-e29b-41d4-a716-446655440000")
WALK = (
    StartData(
        account_id=ACCOUNT,
        user_id=USER,
        ticket=Ticket("T20260131.0042", TicketKind.PSA),
        session_kind=SessionKind.AI_BUILD,
        start_node_id="link-light",
    ),
    StepData(
        account_id=ACCOUNT,
        user_id=USER,
        node_id="link-light",
        question="Is the link light on?",
        answer="no",
    ),
    ResolveData(
        account_id=ACCOUNT,
        user_id=USER,
        resolution_notes="Plugged the cable back in – it works.",
        helpful=True,
    ),
)


async def publish(producer: AIOKafkaProducer, session: UUID) -> None:
    for data in WALK:
        now, source = datetime.now(UTC), "/examples/python"
        command = encode_command(
            data, session_id=session, source=source, id=str(uuid4()), time=now, topics=TOPICS
        )
        await producer.send_and_wait(command.topic, command.value, key=command.key, headers=command.headers)


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
    session = uuid4()
    events = AIOKafkaConsumer(TOPICS.resolved, TOPICS.rejected, bootstrap_servers=KAFKA)
    producer = AIOKafkaProducer(bootstrap_servers=KAFKA, enable_idempotence=True)
    try:
        await events.start()
        await producer.start()
        await events.seek_to_end()
        await publish(producer, session)
        async with asyncio.timeout(SECONDS):
            print(await ending(events, session))
    finally:
        await producer.stop()
        await events.stop()


try:
    asyncio.run(main())
except TimeoutError:
    sys.exit(f"nothing came within {SECONDS:g} seconds: does a worker run?")
except KafkaError as error:
    sys.exit(f"Kafka at {KAFKA}: {error}")
