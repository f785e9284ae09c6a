"""An account goes while its commands come, through two workers at once: nothing of it stays, nothing reappears."""

import asyncio
import random
import uuid
from collections.abc import Sequence

import pytest

from l1_walk_contracts import RejectionReason, SettleVerb, Verb
from service.domain import handle
from service.store import dead_letters, erasure
from service.store.database import Connection
from service.store.dead_letters import DeadLetter
from tests.support.letters import POISON, failing, letters, settle, unknown_type
from tests.support.site import PATIENCE, Site
from tests.support.traces import traces
from tests.support.waiting import until
from tests.support.walk import Sending, Walk
from tests.support.worker import working

WALKS = 40


@pytest.mark.parametrize("seed", range(3))
async def test_erasure_against_the_accounts_own_commands(
    site: Site, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Every kind of command, dead letters and what is parked behind them, and redrives, all the while."""
    monkeypatch.setattr(erasure, "STEP", 3)
    monkeypatch.setattr(handle, "decide", failing)
    rng = random.Random(seed)
    gone, kept = str(uuid.uuid4()), str(uuid.uuid4())
    walks = [Walk(account=account) for account in (gone, kept) for _ in range(WALKS)]
    async with working(site.settings), working(site.settings):
        sender = asyncio.create_task(send_at_random(site, walks, rng))
        await until(
            lambda: site.count("l1_walk_sessions", "account_id = $1::uuid", gone), PATIENCE, "it goes on"
        )
        await until(lambda: site.count("l1_walk_held"), PATIENCE, "walks are held")
        for letter in (await letters(site, "state = 'open' AND parked_behind IS NULL"))[:10]:
            await settle(site, SettleVerb.REDRIVE, letter)
        await site.tell("account", gone, None)
        assert not sender.done(), "send more"
        await until(lambda: is_gone(site, gone), PATIENCE, "the account is gone")
        await sender
        await site.all_handled()
        await until(lambda: has_no_trace(site, gone), PATIENCE, "nothing of it is left")
        mine = {uuid.UUID(walk.id) for walk in walks[:WALKS]}
        for id_ in mine:
            assert await traces(site.database, id_) == {}
        assert await site.count("l1_walk_sessions", "account_id = $1::uuid", kept) == WALKS
        for row in await site.database.fetch("SELECT session_id FROM l1_walk_held"):
            assert row[0] not in mine


def trouble(walk: Walk) -> list[Sending]:
    """A command that is fine, and those that are rejected, unknown, or that the worker fails on."""
    poison = walk.send(Verb.NOTE, f"{POISON}-{uuid.uuid4()}")
    return [walk.send(Verb.NOTE), walk.send(Verb.NOTE, text=""), unknown_type(walk), poison]


async def send_at_random(site: Site, walks: Sequence[Walk], rng: random.Random) -> None:
    """Each walk's commands in order, the walks in any."""
    queues = [
        [
            walk.start(),
            walk.step("n"),
            *[rng.choice(trouble(walk)) for _ in range(6)],
            walk.send(Verb.RESOLVE),
        ]
        for walk in walks
    ]
    while queues:
        queue = rng.choice(queues)
        await site.send(queue.pop(0))
        if not queue:
            queues.remove(queue)


async def is_gone(site: Site, account: str) -> bool:
    return bool(await site.count("l1_walk_references", "id = $1::uuid AND gone", account))


async def has_no_trace(site: Site, account: str) -> bool:
    return await traces(site.database, account) == {"l1_walk_references": 1}


async def test_a_late_command_brings_nothing_back_whatever_it_is(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it would be a dead letter, or wait behind one."""
    monkeypatch.setattr(handle, "decide", failing)
    walk, head = Walk(), Walk()
    late = [
        walk.start(),
        walk.send(Verb.NOTE, f"{POISON}-1"),
        unknown_type(walk, text="secret"),
        walk.step("n"),
        walk.send(Verb.NOTE, text=""),
    ]
    other = Walk(walk.id)
    async with working(site.settings):
        await site.handled(*await site.send(head.start(), unknown_type(head), head.step("secret")))
        for account in (walk.account, head.account):
            await site.tell("account", account, None)
            await until(lambda account=account: has_no_trace(site, account), PATIENCE, "the account is gone")  # type: ignore[misc]
        await site.handled(*await site.send(*late, head.step("secret"), unknown_type(head)))
        for account in (walk.account, head.account):
            assert await traces(site.database, account) == {"l1_walk_references": 1}
        assert await letters(site) == []
        rejections = [*await site.rejections(walk.id), *await site.rejections(head.id)]
        assert {event.data.command for event in rejections} == {None}  # type: ignore[union-attr]
        assert len(rejections) == len(late) + 2
        reasons = {event.data.reason for event in rejections}  # type: ignore[union-attr]
        assert reasons == {RejectionReason.UNKNOWN_REFERENCE, RejectionReason.INVALID}

        await site.handled(*await site.send(other.start()))
        assert str((await site.session(walk.id))["account_id"]) == other.account


async def test_a_letter_of_an_account_that_was_never_heard_of_is_erased_too(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is put aside in the very moment in which the account goes."""
    walk, written, go_on = Walk(), asyncio.Event(), asyncio.Event()
    add = dead_letters.add

    async def add_and_wait(connection: Connection, added: Sequence[DeadLetter]) -> None:
        await add(connection, added)
        written.set()
        await go_on.wait()

    monkeypatch.setattr(dead_letters, "add", add_and_wait)
    async with working(site.settings):
        await site.send(unknown_type(walk))
        await asyncio.wait_for(written.wait(), PATIENCE)
        await site.tell("account", walk.account, None)
        await until(lambda: waits_or_is_over(site), PATIENCE, "the erasure has come so far")
        go_on.set()
        await until(lambda: has_no_trace(site, walk.account), PATIENCE, "nothing of it is left")
    assert await letters(site) == []


async def waits_or_is_over(site: Site) -> bool:
    """Whether the erasure waits for the batch, or has not waited, and is done."""
    waiting = "wait_event_type = 'Lock' AND datname = current_database()"
    over = await site.count("l1_walk_progress", "topic = $1 AND next_offset > 0", site.topics.references)
    return bool(over or await site.count("pg_stat_activity", waiting))


async def test_what_another_account_waits_for_is_redriven_without_what_was_erased(site: Site) -> None:
    """Two accounts name one walk: the letter of the first holds what the second sent."""
    first = Walk()
    second = Walk(first.id)
    sent: list[Sending] = [unknown_type(first), second.start(), first.step("a"), second.step("n")]
    async with working(site.settings):
        await site.handled(*await site.send(*sent))
        assert await site.count("l1_walk_dead_letters", "class = 'parked'") == 3
        await site.tell("account", first.account, None)
        await until(lambda: has_no_trace(site, first.account), PATIENCE, "the account is gone")
        [head] = await letters(site, "parked_behind IS NULL")
        assert head["error"] == erasure.PROMOTED
        await site.handled(*await site.send(second.send(Verb.NOTE)))
        assert await site.count("l1_walk_sessions") == 0
        await site.handled(await settle(site, SettleVerb.REDRIVE, head))
    assert (await site.session(first.id))["version"] == 3
    assert await site.count("l1_walk_held") == 0
