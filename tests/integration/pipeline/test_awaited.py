"""The database is there and takes nothing: what is awaited is told, and no command is to blame."""

import logging

import pytest

from l1_walk_contracts import Verb
from service.app import Worker
from tests.support.site import PATIENCE, Site
from tests.support.waiting import until
from tests.support.walk import Walk
from tests.support.worker import not_ready, working

READ_ONLY = "it is read-only (a standby?): ReadOnlySQLTransactionError"


async def set_read_only(site: Site, value: str) -> None:
    """As after a failover to a standby: for every connection from here on, and the ones there are end."""
    name = await site.database.fetchval("SELECT current_database()")
    await site.database.execute("SET default_transaction_read_only = off")
    await site.database.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {value}')
    await site.database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


def failures(worker: Worker) -> float:
    """How often a batch failed because of that."""
    name = 'walk_failures_total{fault="world",kind="read_only",what="batch"} '
    lines = worker._metrics.render().decode().splitlines()
    return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))


async def test_a_database_that_is_read_only_is_waited_for(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    walk = Walk()
    await site.send(walk.start(), partition=0)
    async with working(site.settings) as worker:
        await site.all_handled(PATIENCE)
        await set_read_only(site, "on")
        await site.send(walk.step("n"), walk.send(Verb.RESOLVE), partition=0)
        condition = f"database, for {site.topics.commands}"
        await until(
            lambda: READ_ONLY in not_ready(worker).get(condition, ""), PATIENCE, "it is told what is awaited"
        )
        await until(lambda: failures(worker) >= 2, PATIENCE, "it tries again, and counts")
        await set_read_only(site, "off")
        await site.all_handled(PATIENCE)
        await until(lambda: not not_ready(worker), PATIENCE, "the worker is ready")
    assert (await site.session(walk.id))["status"] == "resolved"
    assert await site.count("l1_walk_dead_letters") == 0
    said = [
        r.getMessage() for r in caplog.records if r.levelno == logging.WARNING and READ_ONLY in r.getMessage()
    ]
    assert len([line for line in said if line.startswith(condition)]) == 1
