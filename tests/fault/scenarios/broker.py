"""Kafka is killed and comes back; its group is made to rebalance all the time."""

import asyncio

from aiokafka import AIOKafkaConsumer

from tests.fault.fleet import SHORT_SESSION_MS
from tests.fault.run import Run
from tests.fault.scenario import Scenario


async def killed(run: Run) -> None:
    """The broker is killed and started again, five times over."""
    for _ in range(2):
        run.fleet.start()
    await run.fleet.ready()
    run.begin(seconds=0)  # more than they can do: whenever it dies, something is on its way
    for _ in range(5):
        await run.gets_on(100)
        await run.pause(run.rng.uniform(0, 0.3))
        await run.lab.restart_kafka(away=run.rng.uniform(0, 3))
        run.figures["Kafka restarts"] += 1


async def rebalance_storm(run: Run) -> None:
    """Others join the workers' group and leave it again, all the time; one worker's batches are slow."""
    for slow in ("0.01", "1.5"):
        run.fleet.start(WALK_FAULT_SLOW_BATCH=slow)
    await run.fleet.ready()
    run.begin(seconds=25)
    for _ in range(15):
        await run.pause(run.rng.uniform(0.1, 1.0))
        await _visit(run, run.rng.uniform(0.1, 1.5))
        run.figures["rebalances"] += 2
    for worker in run.fleet.running:
        await run.fleet.stop(worker)
    run.fleet.start()


async def _visit(run: Run, seconds: float) -> None:
    """Be a member of the group for so long, and do nothing with what it gives us."""
    visitor = AIOKafkaConsumer(
        run.topics.commands,
        bootstrap_servers=run.settings.require_kafka(),
        group_id=run.settings.consumer_group,
        enable_auto_commit=False,
        session_timeout_ms=SHORT_SESSION_MS * 6,
        rebalance_timeout_ms=30_000,
    )
    await asyncio.wait_for(visitor.start(), 60)
    await run.pause(seconds)
    await visitor.stop()


BROKER = (
    Scenario(
        "kafka-killed",
        "Kafka killed and started again, five times.",
        killed,
        cases=1500,
        settings={"batch_max": 5},
    ),
    Scenario(
        "rebalance-storm",
        "Members join and leave without end, also during a slow batch.",
        rebalance_storm,
    ),
)
