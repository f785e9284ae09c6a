"""How fast a backlog leaves: an outbox of a million rows, the worker's own relay, real PostgreSQL and Kafka.

`python -m bench.outbox_drain [--rows N] [--dump]`. `--dump` keeps a transaction open meanwhile, as a dump does, so that
nothing deleted can be vacuumed away. Exits 1 where the last tenth is less than two thirds as fast as the first, or
memory grows by more than 40 MB after it.
"""

import argparse
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import NamedTuple

import asyncpg
import psutil
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from faststream.kafka import KafkaBroker

from bench.lab import Lab, World
from l1_walk_contracts import Outcome
from service.dev.stack import EmbeddedStack
from service.ops.status import read_kept
from service.pipeline.conditions import Conditions
from service.pipeline.observer import Phases
from service.pipeline.publishers import PRODUCER_OPTIONS, Publishers
from service.pipeline.relay import Relay
from service.store.database import Database

PARTITIONS = 12
TENTHS = 10
FILL_STEP = 100_000
MIB = 1024 * 1024


class Mark(NamedTuple):
    """What was so when another tenth had left."""

    seconds: float
    memory: int
    """Bytes of this process."""


class Watch:
    """The relay's observer: notes when each tenth has left."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.sent = 0
        self.marks = [self._mark()]

    def phases(self) -> Phases:
        return Phases()

    def batch(self, size: int, outcomes: Mapping[tuple[Outcome, str], int], phases: Phases) -> None: ...

    def failed(self, what: str, error: BaseException) -> None:
        print(f"{what} failed: {error!r}", file=sys.stderr)

    def published(self, topics: Mapping[str, int], seconds: float) -> None:
        self.sent += sum(topics.values())
        while len(self.marks) <= self.sent * TENTHS // self.rows:
            self.marks.append(self._mark())

    @staticmethod
    def _mark() -> Mark:
        return Mark(time.perf_counter(), psutil.Process().memory_info().rss)


async def fill(connection: "asyncpg.Connection[asyncpg.Record]", world: World, rows: int) -> None:
    """Owe so many messages of some 1.5 KB, two of three with their partition's number, the others by their key."""
    for first in range(0, rows, FILL_STEP):
        last = min(first + FILL_STEP, rows) - 1
        await connection.execute(
            _FILL, first, last, PARTITIONS, world.topics.lifecycle, world.topics.resolved
        )


async def drain(world: World, rows: int, *, dump: bool) -> Watch:
    """Let a relay publish all of it, and check that it did."""
    async with AsyncExitStack() as stack:
        connection = await asyncpg.connect(world.database)
        stack.push_async_callback(connection.close)
        await fill(connection, world, rows)
        await _timed("walk status's look into the database", read_kept(connection, world.topics.commands))
        if dump:
            other = await asyncpg.connect(world.database)
            stack.push_async_callback(other.close)
            await stack.enter_async_context(other.transaction(isolation="repeatable_read"))
            await other.fetchval("SELECT count(*) FROM l1_walk_progress")
        database = Database(world.database)
        stack.push_async_callback(database.close)
        brokers = world.settings.require_kafka()
        broker = KafkaBroker(brokers, logger=None, **PRODUCER_OPTIONS)
        publishers = Publishers(broker, world.topics, _another(brokers))
        watch = Watch(rows)
        relay = Relay(database, publishers, Conditions(), watch, _no_group)
        await broker.start()
        stack.push_async_callback(broker.stop)
        relay.start()
        stack.push_async_callback(relay.stop)
        async for _ in relay.publish_leftovers(range(PARTITIONS)):
            pass
        assert await relay.drain(60)
        assert not await connection.fetchval("SELECT count(*) FROM l1_walk_outbox")
    told = await _messages(world)
    assert told == rows, f"{told} messages on the topics"
    return watch


def report(watch: Watch) -> bool:
    """Print what was measured; whether it is as it must be."""
    print("tenth     rows/s   memory, MB")
    speeds = []
    for number, (begun, ended) in enumerate(zip(watch.marks, watch.marks[1:], strict=False), 1):
        speeds.append(watch.rows / TENTHS / (ended.seconds - begun.seconds))
        print(f"{number:5} {speeds[-1]:10,.0f} {ended.memory / MIB:12.0f}")
    ratio, growth = speeds[-1] / speeds[0], watch.marks[-1].memory - watch.marks[1].memory
    seconds = watch.marks[-1].seconds - watch.marks[0].seconds
    print(
        f"{watch.rows:,} rows in {seconds:.1f} s, {watch.rows / seconds:,.0f}/s; last tenth / first tenth {ratio:.2f};"
        f" memory after the first tenth {growth / MIB:+.0f} MB"
    )
    return ratio > 2 / 3 and growth < 40 * MIB


async def _messages(world: World) -> int:
    consumer = AIOKafkaConsumer(bootstrap_servers=world.settings.require_kafka())
    await consumer.start()
    try:
        topics = (world.topics.lifecycle, world.topics.resolved)
        tps = [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]
        return sum((await consumer.end_offsets(tps)).values())
    finally:
        await consumer.stop()


async def _timed(what: str, work: Awaitable[object]) -> None:
    began = time.perf_counter()
    await work
    print(f"{what}: {time.perf_counter() - began:.2f} s")


def _another(brokers: str) -> Callable[[], AIOKafkaProducer]:
    return lambda: AIOKafkaProducer(bootstrap_servers=brokers, **PRODUCER_OPTIONS)


async def _no_group(_: Mapping[int, int]) -> None:
    """There are no offsets to commit."""


async def _run(rows: int, *, dump: bool) -> bool:
    with EmbeddedStack("kafka") as stack:
        lab = Lab(stack)
        await lab.prepare()
        async with lab.world() as world:
            return report(await drain(world, rows, dump=dump))


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.outbox_drain", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dump", action="store_true", help="while a transaction keeps vacuum from its work")
    arguments = parser.parse_args()
    return 0 if uvloop.run(_run(arguments.rows, dump=arguments.dump)) else 1


_FILL = """
INSERT INTO l1_walk_outbox (partition, "offset", number, topic, target_partition, key, headers, value, session_id,
  account_id)
SELECT n % $3::int, n / $3::int, 0,
  CASE WHEN n % 3 < 2 THEN $4 ELSE $5 END, CASE WHEN n % 3 < 2 THEN n % $3::int END,
  convert_to(gen_random_uuid()::text, 'UTF8'), '\\x90'::bytea,
  convert_to((SELECT string_agg(md5(n::text || '/' || part), '') FROM generate_series(1, 47) AS part), 'UTF8'),
  gen_random_uuid(), gen_random_uuid()
FROM generate_series($1::int, $2::int) AS n
"""


if __name__ == "__main__":
    sys.exit(main())
