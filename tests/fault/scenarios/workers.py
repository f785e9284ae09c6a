"""Workers that are killed, frozen, or stop at the worst moment."""

from tests.fault.fleet import SHORT_SESSION_MS
from tests.fault.run import Run
from tests.fault.scenario import Scenario
from tests.fault.worker import POINTS


async def kill_at_random(run: Run) -> None:
    """Two workers; every second, on average, one of them is killed and replaced."""
    workers = [run.fleet.start(short_session=True) for _ in range(2)]
    await run.fleet.ready()
    run.begin(seconds=30)
    await run.gets_on()
    handled = 0
    for number in range(20):
        await run.pause(run.rng.uniform(0.1, 1.9))
        victim = number % 2
        run.fleet.kill(workers[victim])
        workers[victim] = run.fleet.start(short_session=True)
        before, handled = handled, await run.handled()
        run.figures["kills at work"] += handled > before


async def kill_as_deployed(run: Run) -> None:
    """The same with the session timeout that the worker has; each kill waits until work is seen to go on."""
    workers = [run.fleet.start() for _ in range(2)]
    await run.fleet.ready()
    run.begin(seconds=60)
    for number in range(6):
        await run.gets_on(5)
        await run.pause(run.rng.uniform(0.05, 1.0))
        victim = number % 2
        run.fleet.kill(workers[victim])
        workers[victim] = run.fleet.start()


async def crash_points(run: Run) -> None:
    """One worker after the other stops itself at a point of the way of a batch, and is killed there.

    Each handles something before: what several workers in a row ended on, with nothing handled between, is taken for
    poison, as it must be (design 9, rule 5). So there is one partition: of several, those that are handled later would
    have a record in hand at the point each time, and nothing of theirs handled between.
    """
    run.begin(seconds=60)
    order = [(point, passes) for point in POINTS for passes in (2, run.rng.randrange(3, 7))]
    run.rng.shuffle(order)
    for point, passes in order:
        worker = run.fleet.start(short_session=True, WALK_FAULT_STOP_AT=f"{point}:{passes}")
        await run.fleet.parked(worker)
        run.fleet.kill(worker)
    run.fleet.start(short_session=True)


async def freeze(run: Run) -> None:
    """Four workers stop before, inside and after their transaction, longer than their session; a fifth goes on.

    Then they are woken. What they had in hand must not count.
    """
    frozen = [
        run.fleet.start(WALK_FAULT_STOP_AT=f"{point}:{run.rng.randrange(1, 4)}")
        for point in ("before-begin", "after-begin", "after-write", "after-commit")
    ]
    await run.fleet.ready()
    run.begin(seconds=8)
    for worker in frozen:
        await run.fleet.parked(worker)
    run.fleet.start()
    await run.gets_on(200)
    await run.pause(2)
    for worker in frozen:
        worker.thaw()
    await run.pause(2)


async def freeze_at_random(run: Run) -> None:
    """Workers with short sessions are frozen for longer than those, wherever they are, again and again."""
    workers = [run.fleet.start(short_session=True) for _ in range(3)]
    await run.fleet.ready()
    run.begin(seconds=30)
    for _ in range(8):
        await run.pause(run.rng.uniform(0.1, 1.5))
        await run.fleet.freeze(run.rng.choice(workers), SHORT_SESSION_MS / 1000 * run.rng.uniform(1.5, 2.5))


async def second_writer(run: Run) -> None:
    """Two writers of the outbox, of which the one with the lower offsets commits last."""
    early = run.fleet.start(WALK_FAULT_STOP_AT="after-write:2")
    late = run.fleet.start()
    await run.fleet.ready()
    run.begin(seconds=5)
    await run.fleet.parked(early)
    await run.gets_on(100)
    early.thaw()
    await run.fleet.ready()
    assert late.running


WORKERS = (
    Scenario(
        "crash-points",
        "A worker killed behind BEGIN, around COMMIT, behind publishing: the next one goes on there.",
        crash_points,
        gate=True,
        cases=150,
        settings={"topic_partitions": 1},
    ),
    Scenario(
        "kill-9",
        "Workers killed at random, every second, while others join and leave.",
        kill_at_random,
        gate=True,
    ),
    Scenario(
        "sigstop",
        "Workers frozen inside and outside of their transaction for longer than their session, then woken.",
        freeze,
        gate=True,
    ),
    Scenario("kill-9-as-deployed", "The same with a session of ten seconds.", kill_as_deployed, cases=600),
    Scenario("sigstop-at-random", "Workers frozen wherever they are, again and again.", freeze_at_random),
    Scenario(
        "late-commit", "Of two writers of the outbox the one with the lower ids commits last.", second_writer
    ),
)
