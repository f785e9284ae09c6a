"""A partition that cannot go on stops alone, says why, and goes on once it can."""

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from service import app
from service.app import Worker
from service.ops import topics
from service.pipeline import beyond
from tests.support.site import PATIENCE, Site
from tests.support.waiting import until
from tests.support.walk import Sending, Walk
from tests.support.worker import not_ready, working


async def only_reason(worker: Worker, name: str) -> str:
    """Why the worker is not ready, once it is for this alone."""
    await until(lambda: not_ready(worker).keys() == {name}, PATIENCE, f"{name} is all that is amiss")
    return not_ready(worker)[name]


async def test_a_topic_that_was_made_anew_stops_its_partitions(site: Site) -> None:
    async with working(site.settings):
        await site.handled(*await site.send(Walk().start(), partition=1))
    await site.database.execute(
        "UPDATE l1_walk_progress SET next_offset = 7 WHERE topic = $1 AND partition = 1", site.topics.commands
    )
    async with working(site.settings, ready=False) as worker:
        reason = await only_reason(worker, f"partition 1 of {site.topics.commands}")
        assert "the next offset to handle is 7" in reason
        assert "ends at 1" in reason
        await site.handled(*await site.send(Walk().start(), partition=0))


async def test_commands_that_are_gone_before_they_were_handled_stop_their_partition(site: Site) -> None:
    async with working(site.settings):
        await site.handled(*await site.send(Walk().start(), partition=1))
    await site.send(*(Walk().start() for _ in range(3)), partition=1)
    await site.delete_before(partition=1, offset=3)
    async with working(site.settings, ready=False) as worker:
        reason = await only_reason(worker, f"partition 1 of {site.topics.commands}")
    assert f"offsets 1 to 2 of {site.topics.commands} are not in the topic any more" in reason


async def test_a_worker_begins_where_the_topic_does(site: Site) -> None:
    """Nothing was handled yet, and retention has taken the oldest: that is nobody's fault."""
    walk = Walk()
    await site.send(Walk().start(), Walk().start(), partition=0)
    await site.delete_before(partition=0, offset=2)
    [place] = await site.send(walk.start(), partition=0)
    async with working(site.settings):
        await site.handled(place)
    assert await site.count("l1_walk_sessions") == 1


async def test_commands_that_retention_took_from_under_a_worker_stop_their_partition(site: Site) -> None:
    walk, large = Walk(), Sending(b"large", b"x" * 900_000)
    async with working(site.settings) as worker:
        await site.handled(*await site.send(walk.start(), partition=0))
        # It is slow; and of so large records few are fetched ahead.
        async with worker._pipeline.partitions.lock:
            await site.send(*[large] * 5, partition=0)
            await site.delete_before(0, 6)
            await site.send(walk.step("n"), partition=0)
        reason = await only_reason(worker, f"partition 0 of {site.topics.commands}")
        handled = (await site.progress())[0]
        assert f"offsets {handled} to 5 of {site.topics.commands} are not in the topic any more" in reason
    assert (await site.session(walk.id))["version"] == 1


async def test_what_a_transaction_leaves_behind_may_go_with_its_retention(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last thing in the partition is a marker. Retention takes all: no command is lost, and nothing stops."""
    monkeypatch.setattr(beyond, "BEYOND_SECONDS", 0.05)
    walk, later = Walk(), Walk()
    producer = AIOKafkaProducer(
        bootstrap_servers=site.settings.require_kafka(), transactional_id=f"test-{site.topics.prefix}"
    )
    async with working(site.settings), producer:
        async with producer.transaction():
            start = walk.start()
            await producer.send(
                site.topics.commands, start.value, key=start.key, headers=list(start.headers), partition=0
            )
        await until(lambda: stands(site, 2), PATIENCE, "the progress stands behind the marker")
    await site.delete_before(partition=0, offset=2)
    async with working(site.settings):
        await site.handled(*await site.send(later.start(), partition=0))
    assert await site.count("l1_walk_sessions") == 2


async def stands(site: Site, offset: int) -> bool:
    return (await site.progress()).get(0) == offset


async def test_a_topic_that_was_deleted_is_awaited_and_said_to_be(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The group then gives the worker nothing, and all would seem to be well."""
    monkeypatch.setattr(app, "METADATA_AGE_MS", 500)
    async with working(site.settings) as worker:
        await site.handled(*await site.send(Walk().start(), partition=1))
        await delete(site, site.topics.commands)
        reason = await only_reason(worker, f"topic {site.topics.commands}")
        assert "it was deleted" in reason
        await topics.create(site.settings)
        await only_reason(worker, f"partition 1 of {site.topics.commands}")
        await site.producer.client.force_metadata_update()
        await site.handled(*await site.send(Walk().start(), partition=0))


async def delete(site: Site, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=site.settings.require_kafka())
    await admin.start()
    try:
        await admin.delete_topics([topic])
    finally:
        await admin.close()
