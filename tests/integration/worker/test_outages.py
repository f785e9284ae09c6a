"""PostgreSQL and Kafka are killed and come back in mid-stream: the worker waits, says for what, and goes on."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest

from l1_walk_contracts import Verb
from service.dev.children import Children
from service.dev.kafka import EmbeddedKafka
from service.dev.postgres import EmbeddedPostgres
from service.dev.simulation.traffic import simulate
from service.pipeline import relay
from service.pipeline.publishers import Publishers
from service.pipeline.relay import CONDITION
from service.store.migrate import upgrade
from service.store.outbox import Message
from tests.support.site import Site, open_site, site_settings
from tests.support.stream import Stream, all_done, handled, until_handled, verdict
from tests.support.waiting import until
from tests.support.walk import Walk
from tests.support.worker import WorkerProcess, not_ready, working


class Servers(NamedTuple):
    """What may be killed."""

    postgres: EmbeddedPostgres
    kafka: EmbeddedKafka


@pytest.fixture(scope="module")
def servers(java: None) -> Iterator[Servers]:
    """Servers of this module alone, which it may kill; what one test leaves is in no other's way."""
    with Children() as children:
        # a broker that was killed is let in again when its session is over: by default after 9 s
        servers = Servers(
            EmbeddedPostgres(children), EmbeddedKafka(children, {"broker.session.timeout.ms": "3000"})
        )
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(lambda server: server.start(), (servers.postgres, servers.kafka)))
        yield servers


@pytest.fixture
async def alone(servers: Servers, topic_prefix: str) -> AsyncIterator[Site]:
    """A site on these servers."""
    url = servers.postgres.url()
    await upgrade(url)
    async with open_site(site_settings(url, servers.kafka.bootstrap_servers, topic_prefix)) as site:
        yield site


async def test_outages_in_mid_stream(alone: Site, servers: Servers, children: Children) -> None:
    traffic = simulate(600)
    worker = WorkerProcess(children, alone.settings)
    await worker.ready()
    stream = Stream(alone, traffic.records)
    await until_handled(alone, 50)

    await asyncio.to_thread(servers.postgres.kill)
    await until(lambda: told(worker, "database, for "), 15, "the worker says that it waits for the database")
    await asyncio.to_thread(servers.postgres.start)
    await alone.connect_again()
    await until_handled(alone, await handled(alone) + 50)
    await worker.ready()

    await asyncio.to_thread(servers.kafka.kill)
    await until(lambda: told(worker, "kafka"), 15, "the worker says that it waits for Kafka")
    await asyncio.to_thread(servers.kafka.start)
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
    return any(told.startswith(name) for told in await asyncio.to_thread(worker.reasons) or {})


async def test_kafka_dies_between_the_commit_and_the_acknowledgement(
    alone: Site, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk = Walk()
    publish, killed = Publishers.publish, asyncio.Event()

    async def kill_and_publish(self: Publishers, messages: Sequence[Message]) -> None:
        if not killed.is_set():
            killed.set()
            await asyncio.to_thread(servers.kafka.kill)
        await publish(self, messages)

    monkeypatch.setattr(Publishers, "publish", kill_and_publish)
    monkeypatch.setattr(relay, "ACK_SECONDS", 1.0)
    async with working(alone.settings) as worker:
        before = senders()
        places = await alone.send(walk.start(), walk.step("n"), walk.send(Verb.RESOLVE))
        await until(lambda: CONDITION in not_ready(worker), 15, "the worker says that it cannot publish")
        await asyncio.to_thread(servers.kafka.start)
        await alone.handled(*places)
        await until(lambda: not not_ready(worker), 30, "the worker is ready again")
        assert senders() == before
    assert await alone.told(walk.id) == ["started", "resolved"]


def senders() -> int:
    """How many producers are at work."""
    return sum("_sender_routine" in repr(task) for task in asyncio.all_tasks())
