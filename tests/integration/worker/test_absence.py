"""A worker that is cut off from its database leaves the group; another one does its work meanwhile."""

from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from service.app import Worker
from service.pipeline import absence
from tests.support.proxy import Proxy
from tests.support.site import PATIENCE, Site
from tests.support.waiting import until
from tests.support.walk import Walk
from tests.support.worker import not_ready, working


def holds(worker: Worker) -> set[int]:
    """The partitions that a worker holds."""
    return set(worker._pipeline.partitions.held)


async def shared(one: Worker, other: Worker, partitions: int) -> None:
    """Wait until two workers share the partitions."""

    def so() -> bool:
        return bool(holds(one)) and bool(holds(other)) and len(holds(one) | holds(other)) == partitions

    await until(so, PATIENCE, "the workers share the partitions")


async def send_everywhere(site: Site) -> None:
    for partition in range(site.settings.topic_partitions):
        await site.send(Walk().start(), partition=partition)


async def test_a_worker_without_its_database_leaves_its_partitions_to_another(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(absence, "LOOKS", 2)
    monkeypatch.setattr(absence, "GIVE_UP_SECONDS", 1.0)
    url = site.settings.require_database()
    server = urlsplit(url)
    async with Proxy(str(server.hostname), server.port or 5432) as proxy:
        behind = site.settings.model_copy(update={"database_url": SecretStr(proxy.url(url))})
        async with working(behind) as cut_off, working(site.settings) as healthy:
            await shared(cut_off, healthy, site.settings.topic_partitions)
            proxy.cut()
            await send_everywhere(site)
            await site.all_handled(timeout=60)
            assert len(holds(healthy)) == site.settings.topic_partitions
            await until(lambda: not holds(cut_off), PATIENCE, "what was in flight has ended")
            reason = not_ready(cut_off)[absence.CONDITION]
            assert reason.startswith(
                "left for another worker to go on: the database has not answered for 2 s: "
            )

            proxy.mend()
            await shared(cut_off, healthy, site.settings.topic_partitions)
            await until(lambda: not not_ready(cut_off), PATIENCE, "the worker is ready again")
            await send_everywhere(site)
            await site.all_handled()
    assert await site.count("l1_walk_sessions") == 2 * site.settings.topic_partitions
