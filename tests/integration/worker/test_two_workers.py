"""Workers that share the partitions, come and go in mid-stream, in good order and not."""

import asyncio
import re

from service.dev.children import Children
from service.dev.simulation.traffic import simulate
from tests.support.site import PATIENCE, Site
from tests.support.stream import Stream, all_done, handled, seconds_to_go_on, until_handled, verdict
from tests.support.waiting import until
from tests.support.worker import WorkerProcess

AFTER_STOP, AFTER_KILL = 2.0, 15.0
"""Seconds after which the partitions of a worker that left, or was killed, go on."""
MARGIN = 2.0
"""For a machine that does other things too."""


async def test_workers_come_and_go_in_mid_stream(site: Site, children: Children) -> None:
    traffic = simulate(900)
    total = len(traffic.records)
    stream = Stream(site, traffic.records)
    first, second = (WorkerProcess(children, site.settings) for _ in range(2))
    await shared(first, second)
    await until_handled(site, await handled(site) + 50)

    assert await first.stop() == 0
    went_on = await seconds_to_go_on(site, AFTER_STOP * MARGIN)
    third = WorkerProcess(children, site.settings)
    await shared(second, third)
    await until_handled(site, await handled(site) + 50)

    second.kill()
    came_back = await seconds_to_go_on(site, AFTER_KILL * MARGIN)
    assert not stream.over, "make it longer"
    await stream.end()
    await all_done(site, total)
    report = await verdict(traffic.expected, site)
    assert report.differences == []
    assert await third.stop() == 0
    print(f"after a stop {went_on:.2f} s, after a kill {came_back:.2f} s, {report.again} messages seen again")


def holds(worker: WorkerProcess) -> set[str]:
    """The partitions that a worker holds."""
    return set(re.findall(r'walk_lag_messages{partition="(\d+)"}', worker.get("/metrics")[1]))


async def shared(one: WorkerProcess, other: WorkerProcess) -> None:
    """Wait until two workers share the partitions."""

    async def so() -> bool:
        first, second = await asyncio.gather(asyncio.to_thread(holds, one), asyncio.to_thread(holds, other))
        return len(first) == len(second) == 3 and not first & second

    await until(so, PATIENCE, "each worker holds its half of the partitions")
