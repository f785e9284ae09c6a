"""Workers frozen for longer than their session: they hold up nobody, and once woken they commit nothing."""

import asyncio
import signal
import time

import psutil

from l1_walk_contracts import Verb
from service.dev.children import Children
from tests.support.freezing import PLACES
from tests.support.site import PATIENCE, Site
from tests.support.waiting import until
from tests.support.walk import Walk
from tests.support.worker import WorkerProcess

AFTER_FREEZE = 15.0
"""Seconds after which all that a frozen worker had is handled: its session, 10, and its locks, 10, end meanwhile."""
MARGIN = 2.0
"""For a machine that does other things too."""


def freezing(place: str) -> type[WorkerProcess]:
    return type("Freezing", (WorkerProcess,), {"program": ("-m", "tests.support.freezing", place)})


def frozen(worker: WorkerProcess) -> bool:
    return bool(psutil.Process(worker.process.pid).status() == psutil.STATUS_STOPPED)


def holds(worker: WorkerProcess) -> bool:
    return "walk_lag_messages{" in worker.get("/metrics")[1]


async def moved(site: Site) -> set[int]:
    """How far the partitions of which anything was handled are."""
    return {offset for offset in (await site.progress()).values() if offset is not None}


async def test_a_worker_that_is_frozen_anywhere_holds_up_nobody_and_commits_nothing(
    site: Site, children: Children
) -> None:
    walks = [Walk() for _ in range(site.settings.topic_partitions)]
    sleepers = [freezing(place)(children, site.settings) for place in PLACES]
    awake = WorkerProcess(children, site.settings)
    await asyncio.gather(*(worker.ready() for worker in (*sleepers, awake)))
    await until(lambda: all(map(holds, sleepers)), PATIENCE, "each worker holds some of the partitions")

    began = time.monotonic()
    places = [
        place
        for partition, walk in enumerate(walks)
        for place in await site.send(walk.start(), walk.step("n"), partition=partition)
    ]
    await site.handled(*places, timeout=AFTER_FREEZE * MARGIN)
    went_on = time.monotonic() - began
    assert all(frozen(worker) for worker in sleepers)
    assert await moved(site) == {2}

    for worker in sleepers:
        worker.process.send_signal(signal.SIGCONT)
    await asyncio.gather(*(worker.ready() for worker in (*sleepers, awake)))
    assert await moved(site) == {2}
    last = [await site.send(walk.send(Verb.RESOLVE), partition=number) for number, walk in enumerate(walks)]
    await site.handled(*(place for [place] in last))
    for walk in walks:
        assert (await site.session(walk.id))["version"] == 3
        assert await site.told(walk.id) == ["started", "resolved"]
    assert all(worker.running for worker in sleepers)
    print(f"all went on {went_on:.1f} s after three of four workers froze")
