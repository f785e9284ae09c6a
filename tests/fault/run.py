"""One playing of a scenario: its database, topics, traffic and workers, and the judgement at its end."""

import asyncio
import os
import random
import secrets
import sys
import time
from collections import Counter
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from l1_walk_contracts import Topics
from service.dev.ports import LOOPBACK
from service.dev.simulation.check import compare, look
from service.dev.simulation.expected import Traffic
from service.ops import topics as topic_setup
from service.settings import Settings
from service.store.address import dsn
from tests.fault.feed import Feed
from tests.fault.fleet import Fleet, Worker, python_path
from tests.fault.lab import Lab
from tests.fault.proxy import OnCommit, Proxy
from tests.fault.watch import Watch
from tests.support.site import environment, site_settings
from tests.support.waiting import until

T = TypeVar("T")

PARTITIONS = 6
BATCH_MAX = 50
"""Small, so that a few thousand commands are many transactions."""
HEALS_WITHIN = 60.0
"""Seconds after the end of a fault in which all that waits must be handled and published."""
PUBLISHES_WITHIN = 30.0


class Said(NamedTuple):
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str


class DifferentError(AssertionError):
    """Rows or events are not those that must be."""

    def __init__(self, differences: list[str]) -> None:
        super().__init__(f"{len(differences)} differences: {'; '.join(differences[:5])}")
        self.differences = differences


class Run:
    """What a scenario plays with.

    `figures` counts what was done and seen: commands, starts, kills, freezes, restarts, cuts, events, again.
    """

    def __init__(self, lab: Lab, settings: Settings, traffic: Traffic, seed: int) -> None:
        self.lab = lab
        self.settings = settings
        self.traffic = traffic
        self.seed = seed
        self.rng = random.Random(seed)
        self.figures: Counter[str] = Counter()
        self.fleet = Fleet(lab.children, settings, self.figures)
        self.topics = Topics(settings.topic_prefix)
        self.watch = Watch(settings)
        self.healed_in = 0.0
        self._feed: Feed | None = None
        self._lasting = AsyncExitStack()

    @property
    def feed(self) -> Feed:
        """Upstream, once `begin` was called."""
        assert self._feed is not None, "the feed has not begun"
        return self._feed

    def begin(self, seconds: float) -> None:
        """Let upstream send, over so many seconds unless it is hurried; at once with 0."""
        self.figures["commands"] += len(self.traffic.records)
        self._feed = Feed(self.settings, self.topics.commands, self.traffic.records, seconds)

    async def walk(self, *arguments: str, **env: str) -> Said:
        """What `walk` says, run as an operator does."""
        process = await self.start_walk(*arguments, **env)
        out, err = await process.communicate()
        return Said(process.returncode or 0, out.decode(), err.decode())

    async def start_walk(self, *arguments: str, **env: str) -> asyncio.subprocess.Process:
        """`walk` at work, which may be killed."""
        return await asyncio.create_subprocess_exec(
            sys.executable, *Worker.program, *arguments,
            env={**os.environ, **environment(self.settings), "PYTHONPATH": python_path(), **env},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip

    def write(self, name: str, text: str) -> Path:
        """A file of this run."""
        file = Path(self.lab.children.folder, f"{self.settings.topic_prefix}.{name}")
        file.write_text(text)
        return file

    async def until_the_end(self, what: AbstractAsyncContextManager[T]) -> T:
        """Enter something that lasts until the run is judged and its workers are gone."""
        return await self._lasting.enter_async_context(what)

    async def before_postgres(self, on_commit: OnCommit | None = None) -> tuple[Proxy, dict[str, str]]:
        """A proxy before PostgreSQL, up to the end of the run, and what leads a worker through it."""
        url = urlsplit(self.settings.require_database())
        proxy = await self.until_the_end(Proxy(url.port or 0, on_commit=on_commit))
        through = url._replace(netloc=f"{url.netloc.rpartition(':')[0]}:{proxy.port}")
        return proxy, {"WALK_DATABASE_URL": urlunsplit(through)}

    async def before_kafka(self) -> tuple[Proxy, dict[str, str]]:
        """The same before Kafka; there can be one at a time."""
        kafka = self.lab.kafka
        proxy = await self.until_the_end(Proxy(kafka.back_port, kafka.proxy_port))
        return proxy, {"WALK_KAFKA_BOOTSTRAP_SERVERS": f"{LOOPBACK}:{proxy.port}"}

    async def pause(self, seconds: float) -> None:
        """Let time pass; raises at once where something unsafe is seen."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.watch.check()
            await asyncio.sleep(min(left, 0.2))

    async def query(self, statement: str, *arguments: object) -> list[Any]:
        """Rows of this run's database, over a connection of its own."""
        connection = await asyncpg.connect(dsn(self.settings.require_database()), timeout=5)
        try:
            return list(await connection.fetch(statement, *arguments))
        finally:
            await connection.close()

    async def handled(self) -> int:
        """How many records of the commands topic are handled; 0 while the database does not tell."""
        try:
            return sum((await self._progress()).values())
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return 0

    async def gets_on(self, more: int = 1, timeout: float = HEALS_WITHIN) -> None:
        """Wait until so many more records are handled than now."""
        wanted = min(await self.handled() + more, await self._sent())

        async def so() -> bool:
            self.watch.check()
            return await self.handled() >= wanted

        await until(so, timeout, f"{more} more commands are handled; workers: {self.fleet.logs()}")

    async def come_to_an_end(self) -> None:
        """The fault is over: all must be handled and published within a minute, and every worker be well."""
        began = time.monotonic()
        try:
            await self.feed.end(HEALS_WITHIN)
        except TimeoutError:
            raise AssertionError("upstream could not send its commands within a minute") from None
        await until(self._drained, HEALS_WITHIN - (time.monotonic() - began), self._not_drained())
        self.healed_in = time.monotonic() - began
        await self.fleet.ready(max(5.0, HEALS_WITHIN - self.healed_in))
        assert not (ended := self.fleet.ended_by_themselves()), ended

    async def drained(self, timeout: float) -> None:
        """Wait until all that upstream has to say is sent, handled and published, though a fault goes on."""
        began = time.monotonic()
        await self.feed.end(timeout)
        await until(
            self._drained, timeout - (time.monotonic() - began), f"all is handled; {self.fleet.logs()}"
        )

    async def judge(self) -> None:
        """Compare rows and topics with what must be.

        Raises:
            UnsafeError, DifferentError: with what is wrong.
        """
        found = await look(self.settings)
        expected = self.traffic.expected
        report = compare(expected, found)
        self.figures["events"] = sum(report.events.values())
        self.figures["again"] = report.again
        differences = report.differences + await self._verify()
        [kept] = await self.query("SELECT count(*) FROM l1_walk_inbox WHERE outcome = 'accepted'")
        if kept[0] != expected.outcomes["accepted"]:
            differences.append(f"{kept[0]} accepted commands, expected {expected.outcomes['accepted']}")
        if differences:
            raise DifferentError(differences)
        self.watch.check()

    async def close(self) -> None:
        """End the workers and drop what the run made on the servers."""
        await self.fleet.close()
        await self.watch.close()
        if self._feed is not None:
            await self._feed.close()
        await self._lasting.aclose()
        await self.lab.mend()
        await self.lab.drop_database(self.settings.require_database())
        admin = AIOKafkaAdminClient(bootstrap_servers=self.settings.require_kafka())
        await admin.start()
        try:
            await admin.delete_topics(list(self.topics.all()))
        finally:
            await admin.close()

    async def _drained(self) -> bool:
        self.watch.check()
        try:
            progress, ends = await self._progress(), await self._ends()
            [row] = await self.query("SELECT count(*) FROM l1_walk_outbox")
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, KafkaError):
            return False
        return row[0] == 0 and all(progress.get(n, 0) >= end for n, end in ends.items())

    def _not_drained(self) -> str:
        return f"all is handled and published {HEALS_WITHIN:g} s after the fault"

    async def _progress(self) -> dict[int, int]:
        rows = await self.query(
            "SELECT partition, next_offset FROM l1_walk_progress WHERE topic = $1 AND next_offset IS NOT NULL",
            self.topics.commands,
        )
        return dict(map(tuple, rows))

    async def _sent(self) -> int:
        return sum((await self._ends()).values())

    async def _ends(self) -> dict[int, int]:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.settings.require_kafka(), request_timeout_ms=5000)
        try:
            await consumer.start()
            tps = [TopicPartition(self.topics.commands, n) for n in range(self.settings.topic_partitions)]
            return {tp.partition: end for tp, end in (await consumer.end_offsets(tps)).items()}
        finally:
            await consumer.stop()

    async def _verify(self) -> list[str]:
        """What `walk verify` finds."""
        said = await self.walk("verify", "--json")
        if said.code == 0:
            return []
        return [f"walk verify ends with {said.code}: {said.out[:800]}{said.err[-400:]}"]


async def open_run(lab: Lab, settings: dict[str, object], traffic: Traffic, seed: int) -> Run:
    """A run with a database and topics of its own; close it."""
    prefix = f"fault.{secrets.token_hex(4)}"
    own = site_settings(
        await lab.new_database(),
        lab.kafka.bootstrap_servers,
        prefix,
        **{"topic_partitions": PARTITIONS, "batch_max": BATCH_MAX, **settings},
    )
    await topic_setup.create(own)
    return Run(lab, own, traffic, seed)
