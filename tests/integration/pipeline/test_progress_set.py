"""Progress that does not fit its topic stops the partition until a person sets it; the worker goes on by itself."""

import asyncio

import pytest

from l1_walk_contracts import SettleVerb, Verb
from service.app import Worker
from service.domain import handle
from service.domain.digest import record_digest
from service.ops.progress import plan, read_progress, set_progress
from tests.support.letters import POISON, failing, letters, settle
from tests.support.site import PATIENCE, Site
from tests.support.waiting import until
from tests.support.walk import Walk
from tests.support.worker import not_ready, working

BY = {"by": "ann", "reason": "a test"}


async def stopped(worker: Worker, site: Site, partition: int) -> str:
    """Why that partition alone is stopped, once it is."""
    name = f"partition {partition} of {site.topics.commands}"
    await until(lambda: not_ready(worker).keys() == {name}, PATIENCE, f"{name} is all that is amiss")
    return not_ready(worker)[name]


async def as_if_another_record_were_handled(site: Site, partition: int) -> None:
    await site.database.execute(
        "UPDATE l1_walk_progress SET digest = $1 WHERE topic = $2 AND partition = $3",
        record_digest(b"another", b"one"),
        site.topics.commands,
        partition,
    )


async def test_a_topic_that_was_made_anew_and_filled_again_stops_its_partition_until_it_is_set(
    site: Site,
) -> None:
    """The topic holds the next offset, and another record before it than the one that was handled."""
    walk, other, new = Walk(), Walk(), Walk()
    async with working(site.settings):
        await site.handled(*await site.send(walk.start(), walk.step("n"), partition=1))
    await as_if_another_record_were_handled(site, 1)
    waiting = await site.send(new.start(), partition=1)
    async with working(site.settings, ready=False) as worker:
        reason = await stopped(worker, site, 1)
        assert (
            f"before offset 2 of {site.topics.commands} stands another record than the one that was handled"
            in reason
        )
        assert reason.endswith("walk progress set lets it go on")
        await site.handled(*await site.send(other.start(), partition=0))
        assert not await site.count("l1_walk_sessions", "id = $1::uuid", new.id)

        await set_progress(site.settings, site.topics.commands, 1, 2, **BY)
        await site.handled(*waiting)
        await until(lambda: not not_ready(worker), PATIENCE, "nothing is amiss any more")
    assert (await site.session(walk.id))["version"] == 2


async def test_the_record_that_was_handled_last_is_looked_for_only_where_the_topic_may_hold_it(
    site: Site,
) -> None:
    walk = Walk()
    async with working(site.settings):
        await site.handled(*await site.send(walk.start(), walk.step("n"), partition=1))
    await as_if_another_record_were_handled(site, 1)
    await site.delete_before(partition=1, offset=2)
    async with working(site.settings):
        await site.handled(*await site.send(walk.step("m"), partition=1))
    assert (await site.session(walk.id))["version"] == 3


async def test_a_worker_that_holds_a_partition_goes_on_where_a_person_put_it(site: Site) -> None:
    walk, skipped, last = Walk(), Walk(), Walk()
    topic = site.topics.commands
    async with working(site.settings) as worker:
        await site.handled(
            *await site.send(walk.start(), walk.step("n"), walk.send(Verb.RESOLVE), partition=0)
        )
        told = await site.told(walk.id)

        # backwards, with nothing that waits: all of it is known
        assert await set_progress(site.settings, topic, 0, 0, **BY) == 3
        await until_at(site, 0, 3)
        assert (await site.session(walk.id))["version"] == 3

        # forwards, over a command that is not handled yet
        async with worker._pipeline.partitions.lock:
            await site.send(skipped.start(), partition=0)
            [place] = await site.send(last.start(), partition=0)
            setting = asyncio.create_task(set_progress(site.settings, topic, 0, place.offset, **BY))
            assert await setting == 3
        await site.handled(place)
        await until(lambda: not not_ready(worker), PATIENCE, "nothing is amiss")
    assert await site.told(walk.id) == told
    assert not await site.count("l1_walk_sessions", "id = $1::uuid", skipped.id)
    assert await site.count("l1_walk_sessions", "id = $1::uuid", last.id)
    changes = (await read_progress(site.settings)).changes
    assert [(c.partition, c.from_offset, c.to_offset, c.changed_by) for c in changes] == [
        (0, 3, 4, "ann"), (0, 3, 0, "ann")
    ]  # fmt: skip


async def until_at(site: Site, partition: int, offset: int) -> None:
    """Wait until a partition stands there by a worker's doing."""

    async def there() -> bool:
        return bool(
            await site.count(
                "l1_walk_progress",
                "topic = $1 AND partition = $2 AND next_offset = $3 AND digest IS NOT NULL",
                site.topics.commands,
                partition,
                offset,
            )
        )

    await until(there, PATIENCE, f"partition {partition} stands at {offset}")


async def test_a_topic_made_anew_under_a_running_worker_is_not_passed_over(site: Site) -> None:
    """What is fetched next is out of range: nothing of the new topic is taken for something handled before."""
    async with working(site.settings) as worker:
        await site.handled(*await site.send(*[Walk().start() for _ in range(3)], partition=1))
        held = worker._pipeline.partitions.held[1]
        held.next_offset = 7
        worker._pipeline.partitions._seek_back()
        reason = await stopped(worker, site, 1)
        assert "the next offset to handle is 7" in reason
        await set_progress(site.settings, site.topics.commands, 1, 3, **BY)
        await site.handled(*await site.send(Walk().start(), partition=1))
    assert await site.count("l1_walk_sessions") == 4


async def test_the_references_topic_is_set_alike(site: Site) -> None:
    account = Walk().account
    async with working(site.settings):
        await site.tell("account", account)
        await until(
            lambda: site.count("l1_walk_references", "id = $1::uuid", account), PATIENCE, "it is known"
        )
    place = await site.database.fetchrow(
        "SELECT partition, next_offset FROM l1_walk_progress WHERE topic = $1 AND next_offset IS NOT NULL",
        site.topics.references,
    )
    assert place is not None
    await site.database.execute("DELETE FROM l1_walk_references")
    planned = await plan(site.settings, site.topics.references, place["partition"], "earliest")
    assert (planned.standing.next_offset, planned.to_offset) == (1, 0)
    await set_progress(site.settings, site.topics.references, place["partition"], 0, **BY)
    async with working(site.settings):
        await until(
            lambda: site.count("l1_walk_references", "id = $1::uuid", account), PATIENCE, "it is known"
        )


@pytest.mark.parametrize("fits", [True, False])
async def test_what_stands_where_is_told(site: Site, fits: bool) -> None:
    async with working(site.settings):
        await site.handled(*await site.send(Walk().start(), Walk().start(), partition=2))
    if not fits:
        await as_if_another_record_were_handled(site, 2)
    await site.send(Walk().start(), partition=2)
    report = await read_progress(site.settings)
    commands = [one for one in report.partitions if one.topic == site.topics.commands]
    assert [one.partition for one in commands] == [0, 1, 2]
    assert len(report.partitions) == 6
    last = commands[2]
    assert (last.next_offset, last.begin, last.end, last.epoch) == (2, 0, 3, 1)
    assert last.lag == (1 if fits else None)
    assert (last.astray is None) == fits
    assert (commands[0].next_offset, commands[0].lag, commands[0].astray) == (None, 0, None)


@pytest.mark.parametrize("mended", [False, True], ids=["still faulty", "mended"])
async def test_a_dead_letter_that_is_read_again_stays_before_what_is_parked_behind_it(
    site: Site, monkeypatch: pytest.MonkeyPatch, mended: bool
) -> None:
    walk = Walk()
    monkeypatch.setattr(handle, "decide", failing)
    async with working(site.settings):
        await site.send(walk.start(), walk.send(Verb.NOTE, POISON), walk.send(Verb.RESOLVE), partition=0)
        await site.all_handled()
        [head, _] = await letters(site)
        if mended:
            monkeypatch.undo()
        await set_progress(site.settings, site.topics.commands, 0, 0, **BY)
        await site.handled(*await site.send(Walk().start(), partition=0))
        monkeypatch.undo()
        await site.handled(await settle(site, SettleVerb.REDRIVE, head))
    assert (await site.session(walk.id))["status"] == "resolved"
    assert [note["text"] for note in (await site.session(walk.id))["walk_notes"]] == ["t"]
    assert await site.count("l1_walk_held") == await site.count("l1_walk_dead_letters", "state = 'open'") == 0
