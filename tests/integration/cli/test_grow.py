"""`walk topics grow`: the commands topic becomes larger, and each session finds its home anew."""

import asyncio

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from l1_walk_contracts import Verb
from service import app
from service.ops import growth
from service.ops.errors import NotSoError, UnreachableError
from tests.support.shell import Shell
from tests.support.site import PATIENCE, Site
from tests.support.waiting import until
from tests.support.walk import Walk
from tests.support.worker import not_ready, working

MORE = 5


async def partitions(site: Site) -> dict[str, int]:
    """How many each topic has, without the prefix."""
    admin = AIOKafkaAdminClient(bootstrap_servers=site.settings.require_kafka())
    await admin.start()
    try:
        found = {t["topic"]: len(t["partitions"]) for t in await admin.describe_topics()}
    finally:
        await admin.close()
    return {name.removeprefix(f"{site.topics.prefix}."): found[name] for name in site.topics.all()}


async def homes(site: Site) -> dict[str, int | None]:
    rows = await site.database.fetch("SELECT id::text, home_partition FROM l1_walk_sessions")
    return dict(map(tuple, rows))


async def test_each_session_finds_its_home_anew(
    site: Site, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "METADATA_AGE_MS", 500)
    walks = [Walk() for _ in range(8)]
    async with working(site.settings) as worker:
        await site.handled(*await site.send(*(walk.start() for walk in walks)))
        before = await homes(site)
        ended = await shell.walk("topics", "grow", str(MORE), "--yes")
        assert (ended.code, ended.out[:15]) == (0, "✓ 5 partitions;"), ended.err
        assert set((await homes(site)).values()) == {None}

        held = worker._pipeline.partitions.held
        await until(lambda: len(held) == MORE, PATIENCE, "the worker holds the new partitions too")
        await site.producer.client.force_metadata_update()
        places = await site.send(*(walk.step("n") for walk in walks))
        await site.handled(*places)
        after = await homes(site)
        assert after == {walk.id: place.partition for walk, place in zip(walks, places, strict=True)}
        assert after != before
        await site.handled(*await site.send(*(walk.send(Verb.RESOLVE) for walk in walks)))
        await until(lambda: not not_ready(worker), PATIENCE, "nothing is amiss")
    assert [(await site.session(walk.id))["status"] for walk in walks] == ["resolved"] * 8
    assert not await site.read(site.topics.rejected)
    assert await partitions(site) == {
        "commands": 5, "lifecycle": 5, "rejected": 5, "dead-letter": 5, "references": 3, "resolved": 3, "escalated": 3
    }  # fmt: skip


async def test_what_is_in_the_way_is_told_and_nothing_is_done(site: Site, shell: Shell) -> None:
    async with working(site.settings):
        await site.handled(*await site.send(Walk().start(), partition=0))
    await site.send(Walk().start(), partition=2)
    await site.database.execute(
        "INSERT INTO l1_walk_held (session_id, dead_letter_id, partition)"
        " VALUES (gen_random_uuid(), gen_random_uuid(), 0)"
    )
    ended = await shell.walk("topics", "grow", str(MORE), "--yes")
    assert (ended.code, ended.error) == (
        1,
        "walk: not now: commands wait in partition 2 (walk status); sessions are held: 1 (walk dead-letters list)",
    )
    with pytest.raises(NotSoError, match="cannot be made smaller"):
        await growth.look(site.settings, 2)
    assert (await partitions(site))["commands"] == 3
    assert set((await homes(site)).values()) == {0}


async def test_what_a_transaction_leaves_behind_is_nothing_that_waits(site: Site) -> None:
    async with working(site.settings):
        await site.handled(*await site.send(Walk().start(), partition=0))
    producer = AIOKafkaProducer(
        bootstrap_servers=site.settings.require_kafka(), transactional_id=f"test-{site.topics.prefix}"
    )
    async with producer:
        await producer.begin_transaction()
        await producer.send_and_wait(site.topics.commands, b"taken back", key=b"k", partition=0)
        await producer.abort_transaction()
    assert (await growth.look(site.settings, MORE)).obstacles == ()


async def test_it_is_done_again_while_commands_arrive_and_given_up_where_they_keep_on(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, "PATIENCE_SECONDS", 1.0)
    monkeypatch.setattr(growth, "PAUSE_SECONDS", 0.1)
    walk = Walk()
    async with working(site.settings):
        await site.handled(*await site.send(walk.start(), partition=0))
    planned = await growth.look(site.settings, MORE)
    [waiting] = await site.send(walk.step("n"), partition=0)
    with pytest.raises(NotSoError, match=r"commands wait in partition 0 .*again and again"):
        await growth.grow(site.settings, planned)
    assert (await homes(site)) == {walk.id: 0}

    monkeypatch.setattr(growth, "PATIENCE_SECONDS", PATIENCE)
    growing = asyncio.create_task(growth.grow(site.settings, planned))
    async with working(site.settings):
        await site.handled(waiting)
        assert await growing == 1
    assert (await partitions(site))["commands"] == MORE


async def test_it_is_run_again_where_it_was_interrupted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The partitions are there, and the sessions have their old homes."""
    walk = Walk()
    async with working(site.settings):
        await site.handled(*await site.send(walk.start(), partition=0))

    async def cut(*_: object) -> dict[object, int]:
        raise ConnectionResetError

    planned = await growth.look(site.settings, MORE)
    with monkeypatch.context() as patch:
        patch.setattr(growth, "_visible", cut)
        with pytest.raises(UnreachableError):
            await growth.grow(site.settings, planned)

    async def grown() -> bool:
        return (await partitions(site))["commands"] == MORE

    await until(grown, PATIENCE, "the brokers tell of the new partitions")
    await growth.grow(site.settings, await growth.look(site.settings, MORE))
    assert await homes(site) == {walk.id: None}
