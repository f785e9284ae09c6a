"""A crash between the commit and the publishing: what was owed leaves later, first, in order, with the same bytes."""

import asyncio
from collections.abc import Sequence

import pytest

from l1_walk_contracts import Verb
from service.pipeline import pipeline
from service.pipeline.publishers import Publishers
from service.store import outbox
from service.store.migrate import upgrade
from service.store.outbox import Message
from tests.support.site import PATIENCE, Place, Site, open_site, site_settings
from tests.support.waiting import until
from tests.support.walk import Sending, Walk
from tests.support.worker import working


async def committed(site: Site, places: Sequence[Place]) -> bool:
    progress = await site.progress()
    return all((progress.get(place.partition) or 0) > place.offset for place in places)


async def never(self: Publishers, messages: Sequence[Message]) -> None:
    await asyncio.Event().wait()


async def forget_nothing(*_: object) -> None:
    """The outbox keeps what it has."""


@pytest.fixture
def publish_nothing(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Workers commit, and leave before they have published."""
    monkeypatch.setattr(Publishers, "publish", never)
    monkeypatch.setattr(pipeline, "DRAIN_SECONDS", 0.1)
    return monkeypatch


async def test_what_a_crash_left_leaves_first_and_in_order(
    site: Site, publish_nothing: pytest.MonkeyPatch
) -> None:
    walk, hard = Walk(), Sending(b"\xff", b"?", (("a", None), ("a", b"\xff")))
    places = await site.send(walk.start(), walk.step("x"), walk.send(Verb.REWIND, node_id="y"), partition=2)
    places += await site.send(hard, walk.send(Verb.ABANDON), partition=2)
    async with working(site.settings):
        await until(lambda: committed(site, places), PATIENCE, "the commands are committed")
    assert not await site.events()
    owed = await site.database.fetch('SELECT value FROM l1_walk_outbox ORDER BY "offset", number')
    assert len(owed) == 4

    publish_nothing.undo()
    later = await site.send(walk.send(Verb.ABANDON), partition=2)
    async with working(site.settings):
        await site.handled(*later)
    assert await site.told(walk.id) == ["started", "abandoned", "command-rejected", "command-rejected"]
    values = [
        r.value for t in ("lifecycle", "rejected") for r in await site.read(f"{site.topics.prefix}.{t}")
    ]
    [letter] = await site.read(site.topics.dead_letter)
    assert {*values[:3], letter.value} == {row["value"] for row in owed}
    assert letter.headers[:2] == hard.headers
    assert letter.key == hard.key


async def test_what_is_published_again_has_the_same_id_and_bytes(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash after the publishing, before the outbox has forgotten."""
    walk = Walk()
    monkeypatch.setattr(outbox, "forget", forget_nothing)
    places = await site.send(walk.start(), walk.step("n"), walk.send(Verb.RESOLVE), walk.step("m"))
    async with working(site.settings):
        await until(lambda: committed(site, places), PATIENCE, "the commands are committed")
    first = {topic: await site.read(topic) for topic in site.topics.all()[2:]}
    assert sum(map(len, first.values())) == 3
    monkeypatch.undo()
    async with working(site.settings):
        await site.all_handled()
    for topic, before in first.items():
        records = await site.read(topic)
        assert [(r.key, r.value, r.headers) for r in records] == 2 * [
            (r.key, r.value, r.headers) for r in before
        ]
        assert [r.partition for r in records] == 2 * [r.partition for r in before]


async def test_the_same_history_in_another_database_tells_the_same(
    site: Site, empty_database_url: str
) -> None:
    """As after a restore: what is read again from the beginning has the same ids and bytes."""
    walk = Walk()
    commands = [walk.start(), walk.step("n"), walk.step("m", expected_version=7), walk.send(Verb.RESOLVE)]
    async with working(site.settings):
        await site.handled(*await site.send(*commands, commands[1]))
    first = {topic: await site.read(topic) for topic in site.topics.all()[2:]}

    await upgrade(empty_database_url)
    again = site_settings(
        empty_database_url,
        site.settings.require_kafka(),
        site.topics.prefix,
        batch_max=1,
        consumer_group="again",
    )
    async with open_site(again) as restored:
        async with working(again):
            await restored.all_handled()
        assert dict(await restored.session(walk.id), updated_at=None) == dict(
            await site.session(walk.id), updated_at=None
        )
    for topic, before in first.items():
        assert [r.value for r in await site.read(topic)] == 2 * [r.value for r in before]
