"""One run of one contender: how fast it works off what waits, then how long an event takes at an even pace.

The commands to be worked off stand on their topic before the contender starts, in a transaction that is not committed
yet: it joins its group, takes its partitions, handles a few commands of a warm-up, and sees nothing more. The commit
of that transaction is the start; the end is when the last event stands on its topic. Every walk ends with an event,
and events leave after the commit, so by then all is in the database too.
"""

import asyncio
import gc
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from bench.check import check
from bench.contender import Contender, ContenderError, Running, cpu_seconds, now, running
from bench.kafka import Ends, ends, places, produce, withheld
from bench.lab import Lab, World
from bench.traffic import Traffic, make

WARM_UP = 250
LOOK_SECONDS = 0.025
SETTLE_SECONDS = 0.5
PATIENCE_SECONDS = 60.0
"""How long nothing may happen before a run is given up."""
MB = 1_000_000


@dataclass
class Burst:
    """How a contender worked off what waited."""

    commands: int
    seconds: float
    worker_cpu_us: float
    """A command; of the contender's process, user and system."""
    postgres_cpu_us: float
    kafka_cpu_us: float
    peak_mb: float
    """Resident memory."""
    strangers: float = 0.0
    """The share of the machine that was busy with something else: what disturbed the measurement."""
    quarters_mb: list[float] = field(default_factory=list)
    """Resident memory after each quarter of the work."""

    @property
    def rate(self) -> float:
        """Commands a second."""
        return self.commands / self.seconds


@dataclass
class Pace:
    """How long events took at an even pace of commands."""

    rate: float
    milliseconds: list[float]
    """From handing the command to the producer to having the event from the consumer, sorted."""

    def percentile(self, share: float) -> float:
        """The time that so many of a hundred events kept within."""
        return self.milliseconds[min(len(self.milliseconds) - 1, int(share / 100 * len(self.milliseconds)))]


@dataclass
class Run:
    """What was measured of one contender in one round."""

    contender: Contender
    burst: Burst
    pace: Pace | None


async def measure(
    lab: Lab, contender: Contender, traffic: Traffic, *, pace: float = 0, pace_seconds: float = 0
) -> Run:
    """Measure a contender in a world of its own, and check that it did its job.

    Args:
        lab: where.
        contender: whom.
        traffic: what is worked off.
        pace: commands a second afterwards; 0: none.
        pace_seconds: for how long.

    Raises:
        ContenderError: it did not do its job.
    """
    warm_up = make(WARM_UP, seed=1)
    paced = make(round(pace * pace_seconds), seed=2) if pace else None
    async with lab.world() as world:
        produce(world, warm_up.records)
        with withheld(world, traffic.records) as commands, running(contender, world) as process:
            async with ends(world) as seen:
                await _reach(seen, process, len(warm_up.events))
                await asyncio.sleep(SETTLE_SECONDS)
                before = await seen.count()
                start = _snapshot(lab, process)
                commands.commit_transaction()
                began = now()
                burst = await _watch(seen, process, traffic, before, began)
                _account(burst, start, _snapshot(lab, process))
            result = Run(contender, burst, await _keep_pace(world, process, paced, pace) if paced else None)
        await check(contender, world, [warm_up, traffic, *([paced] if paced else [])])
    return result


async def _reach(seen: Ends, process: Running, count: int) -> None:
    deadline = now() + PATIENCE_SECONDS
    while await seen.count() < count:
        process.check()
        if now() > deadline:
            raise ContenderError("the warm-up did not come to an end")
        await asyncio.sleep(0.1)


async def _watch(seen: Ends, process: Running, traffic: Traffic, before: int, began: float) -> Burst:
    events = len(traffic.events)
    burst = Burst(len(traffic.records), 0, 0, 0, 0, 0)
    done, moved = 0, began
    while done < events:
        await asyncio.sleep(LOOK_SECONDS)
        process.check()
        count = await seen.count() - before
        if count > done:
            done, moved = count, now()
        elif now() - moved > PATIENCE_SECONDS:
            raise ContenderError(f"{events - done} events did not come")
        memory = process.seen.memory_info().rss / MB
        burst.peak_mb = max(burst.peak_mb, memory)
        while done * 4 >= events * (len(burst.quarters_mb) + 1) and len(burst.quarters_mb) < 4:
            burst.quarters_mb.append(memory)
    burst.seconds = moved - began
    return burst


class _Used(NamedTuple):
    """Seconds of CPU since the beginning of each."""

    worker: float
    postgres: float
    kafka: float
    bench: float
    machine: float
    idle: float


def _snapshot(lab: Lab, process: Running) -> _Used:
    machine = psutil.cpu_times()
    idle = machine.idle + getattr(machine, "iowait", 0.0)
    return _Used(
        worker=cpu_seconds(process.seen),
        postgres=cpu_seconds(lab.postgres, family=True),
        kafka=cpu_seconds(lab.kafka),
        bench=cpu_seconds(psutil.Process()),
        machine=sum(machine) - getattr(machine, "guest", 0.0) - getattr(machine, "guest_nice", 0.0) - idle,
        idle=idle,
    )


def _account(burst: Burst, start: _Used, end: _Used) -> None:
    used = _Used(*(after - before for before, after in zip(start, end, strict=True)))
    burst.worker_cpu_us = used.worker / burst.commands * 1e6
    burst.postgres_cpu_us = used.postgres / burst.commands * 1e6
    burst.kafka_cpu_us = used.kafka / burst.commands * 1e6
    ours = used.worker + used.postgres + used.kafka + used.bench
    burst.strangers = max(0.0, used.machine - ours) / (used.machine + used.idle)


class _Cause(msgspec.Struct):
    causationid: str


class _Id(msgspec.Struct):
    id: str


_cause = msgspec.json.Decoder(_Cause).decode
_id = msgspec.json.Decoder(_Id).decode


async def _keep_pace(world: World, process: Running, traffic: Traffic, rate: float) -> Pace:
    """Send at an even pace, whether or not the contender keeps up, and take the time of each event."""
    servers = world.settings.require_kafka()
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True)
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, group_id=None, auto_offset_reset="latest")
    await producer.start()
    consumer.assign(places(world))
    await consumer.start()
    await consumer.seek_to_end()
    sent: dict[str, float] = {}
    gc.collect()
    gc.disable()
    try:
        receiving = asyncio.create_task(_receive(consumer, len(traffic.events), sent))
        began = now()
        acks = []
        for number, (key, value) in enumerate(traffic.records):
            await asyncio.sleep(began + number / rate - now())
            sent[_id(value).id] = now()
            acks.append(await producer.send(world.topics.commands, value, key=key))
        await asyncio.gather(*acks)
        async with asyncio.timeout(PATIENCE_SECONDS):
            took = await receiving
        process.check()
    finally:
        gc.enable()
        await producer.stop()
        await consumer.stop()
    return Pace(rate, sorted(took))


async def _receive(consumer: AIOKafkaConsumer, count: int, sent: dict[str, float]) -> list[float]:
    took: list[float] = []
    while len(took) < count:
        for records in (await consumer.getmany(timeout_ms=1000)).values():
            at = now()
            took += [(at - sent[_cause(record.value).causationid]) * 1000 for record in records]
    return took
