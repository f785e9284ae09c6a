"""Publish a resolved and an escalated walk that nobody walked, for a connector to try itself on: no worker is needed.

    WALK_TOPIC_PREFIX=try.l1.walk python examples/made_up_walks.py

Needs l1-walk-contracts[aiokafka]. Refuses the topics of a real worker: connectors would bill what is made up.
"""

import asyncio
import logging
import os
import sys

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from l1_walk_contracts import EventKind, Topics, encode_event
from l1_walk_contracts.aiokafka import Publisher, PublishError
from l1_walk_contracts.testing import Factory

KAFKA = os.environ.get("WALK_KAFKA_BOOTSTRAP_SERVERS", "localhost:9092")
TOPICS = Topics(os.environ.get("WALK_TOPIC_PREFIX", "l1.walk"))


async def create_topics() -> None:
    """Those that are not there; where that is refused it shows when they are written to."""
    admin = AIOKafkaAdminClient(bootstrap_servers=KAFKA)
    try:
        await admin.start()
        copies = min(3, len((await admin.describe_cluster())["brokers"]))
        await admin.create_topics([NewTopic(name, 6, copies) for name in (TOPICS.resolved, TOPICS.escalated)])
    finally:
        await admin.close()


async def main() -> None:
    made = Factory(topics=TOPICS)
    events = [made.event(kind) for kind in (EventKind.RESOLVED, EventKind.ESCALATED)]
    async with Publisher(KAFKA) as publisher:
        await create_topics()
        places = await publisher.send(*(encode_event(event, TOPICS) for event in events))
    for event, place in zip(events, places, strict=True):
        print(f"{event.kind}: {place.topic}, partition {place.partition}, offset {place.offset}")


if Topics() == TOPICS:
    sys.exit("These are the topics of a real worker. Say which others: WALK_TOPIC_PREFIX=try.l1.walk")
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what is wrong is said once, below
try:
    asyncio.run(main())
except (KafkaError, PublishError) as error:
    sys.exit(f"Kafka: {error}")
