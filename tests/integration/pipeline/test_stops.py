"""A partition that cannot go on stops alone, says why, and goes on once it can."""

import logging

import pytest

from l1_walk_contracts import Command, Verb
from service.app import Worker
from service.domain import handle
from service.domain.decide import decide
from service.domain.decision import Accepted, Rejected
from service.domain.rules import Rules
from service.domain.session import Session
from tests.support.site import PATIENCE, Site
from tests.support.waiting import until
from tests.support.walk import Sending, Walk
from tests.support.worker import not_ready, working

POISON = "poison"


def failing(session: Session | None, command: Command, rules: Rules, partition: int) -> Accepted | Rejected:
    """`decide`, with a fault for one command."""
    if command.id == POISON:
        raise ZeroDivisionError("what somebody wrote")
    return decide(session, command, rules, partition)


async def only_reason(worker: Worker, name: str) -> str:
    """Why the worker is not ready, once it is for this alone."""
    await until(lambda: not_ready(worker).keys() == {name}, PATIENCE, f"{name} is all that is amiss")
    return not_ready(worker)[name]


async def test_a_type_that_this_worker_does_not_know_stops_its_partition(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    walk, same, other = Walk(), Walk(), Walk()
    newer = walk.envelope(Verb.NOTE) | {"type": "l1.walk.note.v2"}
    before = await site.send(walk.start(), partition=0)
    [place] = await site.send(walk.wrap(newer), partition=0)
    await site.send(same.start(), partition=0)
    others = await site.send(other.start(), other.step("n"), partition=1)
    name = f"partition 0 of {site.topics.commands}"

    async with working(site.settings, ready=False) as worker:
        await site.handled(*before, *others)
        reason = await only_reason(worker, name)
        assert reason == (
            f"stopped at offset {place.offset}: this version of the worker does not know the type of the command"
            " (unknown verb or version): deploy one that does"
        )
        later = await site.send(other.step("m"), partition=1)
        await site.handled(*later)
    assert await site.progress() == {0: place.offset, 1: 3, 2: None}
    assert not await site.count("l1_walk_sessions", "id = $1::uuid", same.id)
    errors = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
    assert errors == [f"{name}: {reason}"]


async def test_a_command_that_we_fail_on_stops_its_partition_and_goes_on_once_mended(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    walk, same, other = Walk(), Walk(), Walk()
    await site.send(walk.start(), same.start(), same.step("a"), partition=0)
    [place] = await site.send(walk.step("n", command_id=POISON), partition=0)
    await site.send(same.step("b"), partition=0)
    others = await site.send(other.start(), other.step("n"), other.send(Verb.RESOLVE), partition=1)
    monkeypatch.setattr(handle, "decide", failing)

    async with working(site.settings, ready=False) as worker:
        await site.handled(*others)
        reason = await only_reason(worker, f"partition 0 of {site.topics.commands}")
    assert reason == (
        f"stopped at offset {place.offset}: this worker fails on the command"
        " (ZeroDivisionError in service.domain.handle.handle)"
    )
    assert "somebody" not in "".join(r.getMessage() for r in caplog.records if r.levelno > logging.DEBUG)
    assert await site.progress() == {0: place.offset, 1: 3, 2: None}
    assert (await site.session(other.id))["status"] == "resolved"
    assert (await site.session(same.id))["version"] == 2
    assert (await site.session(walk.id))["version"] == 1

    monkeypatch.setattr(handle, "decide", decide)
    async with working(site.settings):
        await site.all_handled()
    assert (await site.session(same.id))["version"] == 3
    assert (await site.session(walk.id))["version"] == 2


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
