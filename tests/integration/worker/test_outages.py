"""PostgreSQL and Kafka are killed and come back in mid-stream: the worker waits, says for what, and goes on."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from service.dev.children import Children
from service.dev.kafka import EmbeddedKafka
from service.dev.postgres import EmbeddedPostgres
from service.dev.simulation.traffic import simulate
from service.store.migrate import upgrade
from tests.support.site import Site, open_site, site_settings
from tests.support.stream import Stream, all_done, handled, until_handled, verdict
from tests.support.waiting import until
from tests.support.worker import WorkerProcess


@pytest.fixture
async def alone(
    own_postgres: EmbeddedPostgres, own_kafka: EmbeddedKafka, topic_prefix: str
) -> AsyncIterator[Site]:
    """A site with servers of its own."""
    await upgrade(own_postgres.url())
    async with open_site(
        site_settings(own_postgres.url(), own_kafka.bootstrap_servers, topic_prefix)
    ) as site:
        yield site


async def test_outages_in_mid_stream(
    alone: Site, own_postgres: EmbeddedPostgres, own_kafka: EmbeddedKafka, children: Children
) -> None:
    traffic = simulate(600)
    worker = WorkerProcess(children, alone.settings)
    await worker.ready()
    stream = Stream(alone, traffic.records)
    await until_handled(alone, 50)

    await asyncio.to_thread(own_postgres.kill)
    await until(lambda: told(worker, "database"), 15, "the worker says that it waits for the database")
    await asyncio.to_thread(own_postgres.start)
    await alone.connect_again()
    await until_handled(alone, await handled(alone) + 50)
    await worker.ready()

    await asyncio.to_thread(own_kafka.kill)
    await until(lambda: told(worker, "kafka"), 15, "the worker says that it waits for Kafka")
    await asyncio.to_thread(own_kafka.start)
    assert not stream.over, "make it longer"
    await stream.end()
    await all_done(alone, len(traffic.records))
    await worker.ready()
    report = await verdict(traffic.expected, alone)
    assert report.differences == []
    assert worker.get("/livez")[0] == 200
    assert await worker.stop() == 0
    assert not [entry for entry in worker.log() if entry["level"] == "error" and "service" in entry["logger"]]
    assert len(worker.log()) < 200


async def told(worker: WorkerProcess, name: str) -> bool:
    """Whether it says that it is not ready for this reason."""
    return name in (await asyncio.to_thread(worker.reasons) or {})
