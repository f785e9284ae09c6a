"""What passes between a worker and a server is cut, delayed, throttled, swallowed; and commits lose their answers."""

from tests.fault.proxy import Loss, Proxy
from tests.fault.run import Run
from tests.fault.scenario import Scenario

OUTAGE = 60.0


async def lost_commits(run: Run) -> None:
    """Of one commit in four the answer is lost, or it never arrives; the worker cannot tell which."""

    def lose() -> Loss | None:
        drawn = run.rng.random()
        loss = Loss.ANSWER if drawn < 0.15 else Loss.REQUEST if drawn < 0.25 else None
        if loss is not None:
            run.figures[f"commits without {loss}"] += 1
        return loss

    proxy, through = await run.before_postgres(lose)
    for _ in range(2):
        run.fleet.start(through)
    await run.fleet.ready(60)
    run.begin(seconds=12)
    await run.gets_on(500)
    await run.pause(4)
    proxy.on_commit = lambda: None
    assert run.figures["commits without answer"] > 5, "too few commits lost their answer to prove anything"


async def silent_commits(run: Run) -> None:
    """The answer to a commit does not come, and nothing breaks: the worker has to give up waiting by itself."""
    asked = 0

    def lose() -> Loss | None:
        if run.figures["commits without answer"] < asked and run.rng.random() < 0.3:
            run.figures["commits without answer"] += 1
            return Loss.SILENCE
        return None

    _, through = await run.before_postgres(lose)
    run.fleet.start(through)
    await run.fleet.ready()
    run.begin(seconds=40)
    for number in range(1, 4):
        await run.gets_on(20)
        asked = number
        while run.figures["commits without answer"] < asked:
            await run.pause(0.1)
        await run.gets_on(20)


async def kafka_out_of_reach(run: Run) -> None:
    """The only worker cannot reach Kafka for a minute, by resets first, then by silence; its database is well."""
    proxy, through = await run.before_kafka()
    run.fleet.start(through)
    await run.fleet.ready()
    run.begin(seconds=150)
    await run.gets_on(50)
    await _outages(run, proxy)


async def database_out_of_reach(run: Run) -> None:
    """The only worker cannot reach its database for a minute, by resets first, then by silence; Kafka is well."""
    proxy, through = await run.before_postgres()
    run.fleet.start(through)
    await run.fleet.ready()
    run.begin(seconds=150)
    await run.gets_on(50)
    await _outages(run, proxy)


async def _outages(run: Run, proxy: Proxy) -> None:
    proxy.cut()
    await run.pause(OUTAGE)
    proxy.mend()
    await run.gets_on(20)
    proxy.swallow()
    await run.pause(OUTAGE)
    proxy.mend()
    run.figures["outages"] += 2


async def one_without_database(run: Run) -> None:
    """One of two workers loses its database for good: the other must drain its partitions."""
    proxy, through = await run.before_postgres()
    lost, well = run.fleet.start(through), run.fleet.start()
    await run.fleet.ready()
    run.begin(seconds=10)
    await run.gets_on(100)
    run.rng.choice((proxy.cut, proxy.swallow))()
    run.figures["outages"] += 1
    await run.drained(90)
    assert well.running
    await run.fleet.stop(lost)


async def one_without_kafka(run: Run) -> None:
    """One of two workers loses Kafka for good: the other must drain its partitions."""
    proxy, through = await run.before_kafka()
    lost, well = run.fleet.start(through), run.fleet.start()
    await run.fleet.ready()
    run.begin(seconds=10)
    await run.gets_on(100)
    run.rng.choice((proxy.cut, proxy.swallow))()
    run.figures["outages"] += 1
    await run.drained(60)
    assert well.running
    run.fleet.kill(lost)


async def resets(run: Run) -> None:
    """Every connection of two workers, to either server, is reset about once a second."""
    database, to_database = await run.before_postgres()
    kafka, to_kafka = await run.before_kafka()
    for _ in range(2):
        run.fleet.start(to_database, to_kafka)
    await run.fleet.ready()
    run.begin(seconds=25)
    for _ in range(20):
        await run.pause(run.rng.uniform(0.2, 1.8))
        run.rng.choice((database, kafka)).reset()
        run.figures["cuts"] += 1


async def slow(run: Run) -> None:
    """Both servers are far away, then behind a thin line."""
    proxies = [await run.before_postgres(), await run.before_kafka()]
    for _ in range(2):
        run.fleet.start(proxies[0][1], proxies[1][1])
    await run.fleet.ready()
    run.begin(seconds=25)
    for proxy, _ in proxies:
        proxy.delay = run.rng.uniform(0.05, 0.2)
    await run.pause(12)
    for proxy, _ in proxies:
        proxy.delay, proxy.bytes_per_second = 0.0, 100_000
    await run.pause(12)
    for proxy, _ in proxies:
        proxy.mend()


NETWORK = (
    Scenario(
        "lost-commit",
        "A commit that breaks off: whether it happened is looked up, never guessed.",
        lost_commits,
        gate=True,
    ),
    Scenario("silent-commit", "A commit whose answer never comes, and nothing breaks.", silent_commits),
    Scenario(
        "kafka-out-of-reach", "Worker to Kafka dead for a minute, the database well.", kafka_out_of_reach
    ),
    Scenario(
        "database-out-of-reach", "Worker to database dead for a minute, Kafka well.", database_out_of_reach
    ),
    Scenario(
        "one-without-database",
        "One of two workers cut off from its database for good: the other drains its partitions.",
        one_without_database,
    ),
    Scenario(
        "one-without-kafka",
        "One of two workers cut off from Kafka for good: the other drains its partitions.",
        one_without_kafka,
    ),
    Scenario("resets", "Connections to both servers reset about once a second.", resets),
    Scenario("slow", "Both servers far away, then behind a thin line.", slow, cases=300),
)
