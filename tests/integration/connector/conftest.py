"""Fixtures: `desk`, topics on a real Kafka, with a simulated PSA and a connector to start as the test wants."""

from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, closing

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from l1_walk_contracts import Topics
from service.dev.children import Children
from tests.support.psa.desk import PARTITIONS, Desk
from tests.support.psa.simulator import Simulator

OpenDesk = Callable[..., Desk]


@pytest.fixture
async def open_desk(bootstrap_servers: str, topic_prefix: str) -> AsyncIterator[OpenDesk]:
    """A desk of a vendor, with options of its simulator and settings of its connector."""
    topics = Topics(topic_prefix)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        await admin.create_topics(
            [NewTopic(name, PARTITIONS, 1) for name in (topics.resolved, topics.escalated)]
        )
    finally:
        await admin.close()
    with ExitStack() as stack:
        children = stack.enter_context(Children())

        def opened(vendor: str = "connectwise", *options: str, **settings: str) -> Desk:
            psa = stack.enter_context(closing(Simulator(children, vendor, "--hold", "0.8", *options)))
            return Desk(children, psa, bootstrap_servers, topic_prefix, settings)

        yield opened
