"""A worker is killed in each window between the commit and the last acknowledgement; the next one makes it good."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pytest

from l1_walk_contracts import Verb
from service.dev.children import Children
from service.pipeline import pipeline, tidying
from service.pipeline.publishers import Publishers
from service.store.outbox import Message, unpack_headers
from tests.support.parked import HALF_ACKNOWLEDGED, WINDOWS, Parked
from tests.support.site import PARTITIONS, PATIENCE, Site
from tests.support.stream import committed
from tests.support.waiting import until
from tests.support.walk import Sending, Walk
from tests.support.worker import working


class Told(NamedTuple):
    """A message as it is on its topic."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


class Owed(NamedTuple):
    """A message as the outbox once had it."""

    partition: int
    place: tuple[int, int]
    told: Told


@pytest.fixture
def children() -> Iterator[Children]:
    with Children() as children:
        yield children


async def send_wave(site: Site) -> list[Any]:
    """Commands for all partitions and all topics."""
    places = []
    for partition in range(PARTITIONS):
        for _ in range(3):
            resolved, escalated, abandoned = Walk(), Walk(), Walk()
            wave: Sequence[Sending] = [
                resolved.start(), resolved.step("a"), escalated.start(), resolved.step(""), abandoned.start(),
                Sending(b"\xff", b"?", (("a", None),)), resolved.send(Verb.RESOLVE),
                escalated.send(Verb.ESCALATE), abandoned.send(Verb.ABANDON), abandoned.send(Verb.FEEDBACK),
            ]  # fmt: skip
            places += await site.send(*wave, partition=partition)
    return places


async def record_all_that_is_owed(site: Site) -> None:
    """Keep what the outbox ever has, beside it."""
    await site.database.execute("CREATE TABLE ever_owed (LIKE l1_walk_outbox)")
    await site.database.execute(
        "CREATE FUNCTION keep_owed() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN INSERT INTO ever_owed SELECT NEW.*; RETURN NULL; END'"
    )
    await site.database.execute(
        "CREATE TRIGGER keep_owed AFTER INSERT ON l1_walk_outbox FOR EACH ROW EXECUTE FUNCTION keep_owed()"
    )


async def ever_owed(site: Site) -> list[Owed]:
    """All that was ever owed, in the order in which it was to leave."""
    rows = await site.database.fetch('SELECT * FROM ever_owed ORDER BY partition, "offset", number')
    return [
        Owed(
            row["partition"],
            (row["offset"], row["number"]),
            Told(row["topic"], row["key"], row["value"], tuple(unpack_headers(row["headers"]))),
        )
        for row in rows
    ]


async def all_told(site: Site) -> dict[tuple[str, int], list[Told]]:
    """What is on the topics, each partition in its order."""
    told: dict[tuple[str, int], list[Told]] = {}
    for topic in site.topics.all()[2:]:
        for r in await site.read(topic):
            told.setdefault((topic, r.partition), []).append(Told(topic, r.key, r.value, tuple(r.headers)))
    return told


def check(owed: Sequence[Owed], told: dict[tuple[str, int], list[Told]]) -> None:
    """All that was owed is told, nothing else is, and what came of one partition appears in the order of its places."""
    by_content = {one.told: one for one in owed}
    assert len(by_content) == len(owed), "no two messages are alike"
    assert {message for messages in told.values() for message in messages} == set(by_content)
    for messages in told.values():
        firsts = [by_content[message] for message in dict.fromkeys(messages)]
        for partition in range(PARTITIONS):
            places = [one.place for one in firsts if one.partition == partition]
            assert places == sorted(places)


@pytest.mark.parametrize("window", WINDOWS)
async def test_a_worker_is_killed(site: Site, children: Children, window: str) -> None:
    await record_all_that_is_owed(site)
    worker = Parked(children, site.settings, window)
    await site.handled(*await send_wave(site))
    before = {one.told for one in await ever_owed(site)}
    worker.arm()
    wave = await send_wave(site)
    await worker.kill_when_parked()

    owing, told = await still_owed(site), await all_told(site)
    here = {message for messages in told.values() for message in messages} - before
    await check_window(site, window, owing, here)

    later = await send_wave(site)
    async with working(site.settings.model_copy(update={"consumer_group": "next"})):
        await site.handled(*wave, *later)
    check(await ever_owed(site), await all_told(site))
    assert await site.count("l1_walk_outbox") == 0


async def still_owed(site: Site) -> set[Told]:
    """What the outbox holds."""
    rows = await site.database.fetch('SELECT partition, "offset", number FROM l1_walk_outbox')
    held = {(partition, (offset, number)) for partition, offset, number in rows}
    return {one.told for one in await ever_owed(site) if (one.partition, one.place) in held}


async def check_window(site: Site, window: str, owing: set[Told], here: set[Told]) -> None:
    """The worker was killed where it was meant to be; of other batches any may have come as far as any."""
    if window.startswith(("committed", "handed over")):
        assert owing - here
    elif window == HALF_ACKNOWLEDGED:
        assert owing & here
        assert owing - here
    elif window.startswith("all acknowledged"):
        assert owing & here
    else:
        assert here - owing
        behind = await committed(site)
        assert any(behind.get(p, 0) < (offset or 0) for p, offset in (await site.progress()).items())


async def test_a_partition_that_owes_nothing_goes_on_while_another_publishes_what_was_left(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a stop in the midst of it is a matter of a moment."""
    publish, stuck, free = Publishers.publish, asyncio.Event(), asyncio.Event()

    async def publish_others(self: Publishers, messages: Sequence[Message]) -> None:
        if any(message.topic == "left" for message in messages):
            stuck.set()
            await free.wait()
            messages = [m._replace(topic=site.topics.lifecycle) for m in messages]
        await publish(self, messages)

    monkeypatch.setattr(Publishers, "publish", publish_others)
    monkeypatch.setattr(pipeline, "DRAIN_SECONDS", 0.5)
    await site.database.execute(
        'INSERT INTO l1_walk_outbox (partition, "offset", number, topic, key, headers, value)'
        " SELECT 1, 0, n, 'left', convert_to(n::text, 'UTF8'), '\\x90'::bytea, 'left'::bytea"
        " FROM generate_series(1, 20000) AS n"
    )
    walk = Walk()
    async with working(site.settings, ready=False):
        await stuck.wait()
        places = await site.send(walk.start(), partition=0)
        waiting = await site.send(Walk().start(), partition=1)
        await until(lambda: handled(site, places[0].partition), PATIENCE, "another partition goes on")
        assert not await handled(site, waiting[0].partition)
        began = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began < 5
    assert await site.count("l1_walk_outbox", "partition = 1") == 20_000

    free.set()
    async with working(site.settings):
        await site.handled(*places, *waiting)
    left = [r for r in await site.read(site.topics.lifecycle) if r.value == b"left"]
    assert {int(r.key or b"") for r in left} == set(range(1, 20_001))


async def test_what_was_left_is_forgotten_before_anything_new_can_stand_in_its_place(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A topic that was made anew gives the same offsets again, and its partitions may still owe for the old ones."""
    monkeypatch.setattr(tidying, "TIDY_SECONDS", 3600.0)
    await site.database.execute(
        'INSERT INTO l1_walk_outbox (partition, "offset", number, topic, key, headers, value)'
        f" SELECT p, o, 0, '{site.topics.lifecycle}', 'left', '\\x90'::bytea, 'left'::bytea"
        " FROM generate_series(0, 1) AS p, generate_series(0, 2) AS o"
    )
    places = [*await site.send(Walk().start(), partition=0), *await site.send(Walk().start(), partition=1)]
    async with working(site.settings):
        await until(lambda: handled(site, 0), PATIENCE, "the first partition goes on")
        await until(lambda: handled(site, 1), PATIENCE, "the other one goes on")
    await site.handled(*places, timeout=0)
    assert [r.value for r in await site.read(site.topics.lifecycle)].count(b"left") == 6
    assert await site.count("l1_walk_sessions") == 2
    assert not [r for r in caplog.records if r.name.startswith("service.") and r.levelname != "INFO"]


async def handled(site: Site, partition: int) -> bool:
    return bool((await site.progress()).get(partition))
