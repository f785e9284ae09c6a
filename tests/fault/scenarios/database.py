"""PostgreSQL is killed and comes back, loses connections, or has none to give."""

import asyncio
import contextlib
from typing import Any

import asyncpg

from service.store.address import dsn
from tests.fault.lab import CONNECTIONS
from tests.fault.run import Run
from tests.fault.scenario import Scenario


async def killed(run: Run) -> None:
    """The server is killed and started again, whatever it is doing."""
    for _ in range(2):
        run.fleet.start()
    await run.fleet.ready()
    run.begin(seconds=0)  # more than they can do: whenever it dies, a transaction is under way
    for _ in range(4):
        await run.gets_on(100)
        await run.pause(run.rng.uniform(0, 0.3))
        await run.lab.restart_postgres(away=run.rng.uniform(0, 3))
        run.figures["PostgreSQL restarts"] += 1


async def killed_in_transaction(run: Run) -> None:
    """It is killed between a worker's writes and its commit."""
    run.begin(seconds=20)
    for _ in range(3):
        worker = run.fleet.start(
            short_session=True, WALK_FAULT_STOP_AT=f"after-write:{run.rng.randrange(1, 6)}"
        )
        await run.fleet.parked(worker)
        await run.lab.restart_postgres()
        run.figures["PostgreSQL restarts"] += 1
        worker.thaw()
        await run.gets_on(20)
        run.fleet.kill(worker)
    run.fleet.start(short_session=True)


async def killed_in_commit(run: Run) -> None:
    """It is killed within milliseconds of being told to commit, before or after it did."""
    kills: list[asyncio.Task[None]] = []
    armed = False

    async def kill(after: float) -> None:
        await asyncio.sleep(after)
        await asyncio.to_thread(run.lab.postgres.kill)

    def strike() -> None:
        nonlocal armed
        if armed and run.rng.random() < 0.2:
            armed = False
            kills.append(asyncio.create_task(kill(run.rng.uniform(0, 0.004))))

    _, through = await run.before_postgres(strike)
    run.fleet.start(through)
    await run.fleet.ready()
    run.begin(seconds=40)
    for number in range(5):
        await run.gets_on(20)
        armed = True
        while len(kills) <= number:
            await run.pause(0.05)
        await kills[number]
        await run.lab.mend()
        run.figures["PostgreSQL restarts"] += 1


async def backends_killed(run: Run) -> None:
    """An administrator ends one connection of a worker after the other."""
    for _ in range(2):
        run.fleet.start()
    await run.fleet.ready()
    run.begin(seconds=20)
    for _ in range(40):
        await run.pause(run.rng.uniform(0.05, 0.6))
        rows = await run.query(_BACKENDS)
        if rows:
            await run.query("SELECT pg_terminate_backend($1)", run.rng.choice(rows)["pid"])
            run.figures["connections ended"] += 1


async def exhausted(run: Run) -> None:
    """Others take every connection that the server has, while the workers' own are ended.

    Then one locks what the workers need, and soon nothing is left of a pool of three.
    """
    for _ in range(2):
        run.fleet.start(WALK_DATABASE_POOL_SIZE="3")
    await run.fleet.ready()
    run.begin(seconds=25)
    for _ in range(3):
        await run.gets_on(50)
        async with contextlib.AsyncExitStack() as others:
            await _take_all_connections(run, others)
            run.figures["times exhausted"] += 1
            await run.pause(4)
        await run.gets_on(20)
    locker = await asyncpg.connect(dsn(run.settings.require_database()))
    try:
        async with locker.transaction():
            await locker.execute("LOCK TABLE l1_walk_sessions IN ACCESS EXCLUSIVE MODE")
            await run.pause(6)
    finally:
        await locker.close()


async def _take_all_connections(run: Run, others: contextlib.AsyncExitStack) -> None:
    url = dsn(run.settings.require_database())
    taken: list[asyncpg.Connection[Any]] = []
    while len(taken) < CONNECTIONS:
        try:
            connection = await asyncpg.connect(url, timeout=5)
        except asyncpg.TooManyConnectionsError:
            if not taken:
                continue
            mine = [one.get_server_pid() for one in taken]
            ended = await taken[0].fetch(f"{_BACKENDS} AND pid <> ALL($1::int[])", mine)
            if not ended:
                return
            for row in ended:
                await taken[0].execute("SELECT pg_terminate_backend($1)", row["pid"])
        else:
            taken.append(connection)
            others.push_async_callback(connection.close)


_BACKENDS = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name = 'l1-walk-worker' AND pid <> pg_backend_pid()"
)

DATABASE = (
    Scenario(
        "postgres-killed",
        "PostgreSQL killed and started again, four times.",
        killed,
        cases=1500,
        settings={"batch_max": 5},
    ),
    Scenario(
        "postgres-killed-in-transaction",
        "PostgreSQL killed between a batch's writes and its commit.",
        killed_in_transaction,
    ),
    Scenario("postgres-killed-in-commit", "PostgreSQL killed while it commits.", killed_in_commit),
    Scenario("backend-killed", "Single connections ended by an administrator.", backends_killed),
    Scenario(
        "pool-exhausted", "No connection left on the server, then none in the worker's pool.", exhausted
    ),
)
