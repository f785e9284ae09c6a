"""Who does the upkeep: one at a time, whatever happens to the one, and nobody waits for it."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from service.ops.metrics import Metrics
from service.ops.upkeep import Duty, Upkeep
from service.ops.upkeep.upkeep import BECOME_THE_ONE
from service.settings import Settings
from service.store.address import dsn
from service.store.database import Connection, Database
from tests.support.waiting import until

PATIENCE = 20.0


class Counted:
    """A duty that counts its rounds, and fails or hangs when told."""

    def __init__(self) -> None:
        self.rounds = 0
        self.error: Exception | None = None
        self.statement = "SELECT 1"

    async def round(self, connection: Connection) -> int:
        await connection.execute(self.statement)
        if self.error is not None:
            raise self.error
        self.rounds += 1
        return 2

    async def more(self) -> None:
        """Wait until it is done twice more."""
        seen = self.rounds
        await until(lambda: self.rounds > seen + 1, PATIENCE, "the duty is done")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(Settings(database_url=database_url).require_database())
    yield database
    await database.close()


@pytest.fixture
async def admin(database_url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(dsn(database_url))
    yield connection
    await connection.close()


def upkeep(database: Database, *duties: Counted, metrics: Metrics | None = None) -> Upkeep:
    named = [Duty(f"duty {number}", duty.round) for number, duty in enumerate(duties)]
    return Upkeep(database, named, timedelta(milliseconds=20), metrics or Metrics())


async def test_one_at_a_time_and_another_goes_on(database: Database) -> None:
    duties = [Counted(), Counted()]
    first, second = (upkeep(database, duty) for duty in duties)
    first.start()
    await duties[0].more()
    second.start()
    await duties[0].more()
    assert not duties[1].rounds
    await first.stop()
    stopped_at = duties[0].rounds
    await duties[1].more()
    assert duties[0].rounds == stopped_at
    await second.stop()


async def test_whose_connection_breaks_begins_anew(
    database: Database, admin: "asyncpg.Connection[asyncpg.Record]", caplog: pytest.LogCaptureFixture
) -> None:
    duty = Counted()
    ours = upkeep(database, duty)
    ours.start()
    for _ in range(2):
        await duty.more()
        await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    await duty.more()
    await ours.stop()
    assert len([r for r in caplog.records if r.levelno >= logging.WARNING]) <= 2
    assert {r.levelno for r in caplog.records} <= {logging.INFO, logging.WARNING}


async def test_a_frozen_workers_lock_is_let_go(database: Database) -> None:
    duty = Counted()
    async with database.beside(idle_seconds=0.3) as frozen:
        assert await frozen.fetchval(BECOME_THE_ONE)
        ours = upkeep(database, duty)
        ours.start()
        await duty.more()
        await ours.stop()


async def test_a_failure_is_said_once_and_keeps_no_other_duty_from_being_done(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    failing, other, metrics = Counted(), Counted(), Metrics()
    ours = upkeep(database, failing, other, metrics=metrics)
    failing.error = ConnectionRefusedError("no broker")
    ours.start()
    await other.more()
    failing.error = None
    await failing.more()
    failing.error = ZeroDivisionError("what somebody wrote")
    await other.more()
    await ours.stop()
    said = [(r.levelname, r.getMessage()) for r in caplog.records]
    assert [level for level, text in said if text.startswith("duty 0")] == ["WARNING", "INFO", "ERROR"]
    assert "what somebody wrote" not in caplog.text
    told = metrics.render().decode()
    assert f'walk_upkeep_done_total{{duty="duty 1"}} {2.0 * other.rounds}' in told
    assert 'what="upkeep"' in told
    assert "walk_upkeep_here 1.0" in told


@pytest.mark.parametrize("statement", ["SELECT pg_sleep(30)", "SELECT 1"])
async def test_it_stops_at_once_whatever_it_does(
    database: Database, admin: "asyncpg.Connection[asyncpg.Record]", statement: str
) -> None:
    duty = Counted()
    duty.statement = statement
    ours = upkeep(database, duty)
    ours.start()
    await until(
        lambda: admin.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"),
        PATIENCE,
        "it works",
    )
    await asyncio.sleep(0)
    began = time.monotonic()
    await ours.stop()
    assert time.monotonic() - began < 1
    await ours.stop()


async def test_where_there_is_no_database_it_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    metrics = Metrics()
    ours = upkeep(Database("postgresql+asyncpg://walk@127.0.0.1:1/walk"), metrics=metrics)
    ours.start()

    def failures() -> bool:
        [line] = [
            n for n in metrics.render().decode().splitlines() if n.startswith("walk_failures_total")
        ] or ["0"]
        return float(line.rpartition(" ")[2]) > 3

    await until(failures, PATIENCE, "it has tried again")
    await ours.stop()
    assert len(caplog.records) == 1
