"""Who may move a partition's progress: each take raises its epoch, and whoever has an older one leaves it alone."""

import logging

import pytest

from service.dev.simulation.traffic import simulate
from service.pipeline import partitions
from tests.support.site import Site
from tests.support.stream import all_done, feed, until_handled, verdict
from tests.support.walk import Walk
from tests.support.worker import working


async def epochs(site: Site) -> dict[int, int]:
    rows = await site.database.fetch(
        "SELECT partition, epoch FROM l1_walk_progress WHERE topic = $1", site.topics.commands
    )
    return dict(map(tuple, rows))


async def test_each_start_takes_each_partition_once(site: Site) -> None:
    for start in (1, 2):
        async with working(site.settings):
            await site.handled(*await site.send(Walk().start()))
        assert set((await epochs(site)).values()) == {start}


async def test_a_partition_that_another_worker_took_is_left_to_it(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    mine, taken = Walk(), Walk()
    async with working(site.settings):
        await site.handled(
            *await site.send(mine.start(), partition=0), *await site.send(taken.start(), partition=1)
        )
        await site.database.execute("UPDATE l1_walk_progress SET epoch = epoch + 1 WHERE partition = 1")
        await site.send(taken.step("n"), partition=1)
        await site.handled(*await site.send(mine.step("n"), partition=0))
        later = await site.send(mine.step("m"), partition=0)
        await site.handled(*later)
    assert "partition 1 was taken by another worker: dropped here" in [r.getMessage() for r in caplog.records]
    assert (await site.session(taken.id))["version"] == 1
    assert (await site.session(mine.id))["version"] == 3


async def test_workers_that_know_nothing_of_each_other_do_everything_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two groups on one database, as by a slip in a setting: they take the partitions from each other."""
    monkeypatch.setattr(partitions, "RETAKE_SECONDS", 0.05)
    traffic = simulate(150)
    settings = site.settings.model_copy(update={"batch_max": 10})
    stranger = settings.model_copy(update={"consumer_group": "stranger"})
    async with working(settings), working(stranger, ready=False):
        await feed(site, traffic.records[: len(traffic.records) // 2])
        await until_handled(site, len(traffic.records) // 4)
        await feed(site, traffic.records[len(traffic.records) // 2 :])
        await all_done(site, len(traffic.records))
    report = await verdict(traffic.expected, site)
    assert report.differences == []
    assert max((await epochs(site)).values()) > 2
