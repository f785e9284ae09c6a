"""Walks that nobody goes on with are abandoned, and no others (design 9, rule 7)."""

import json
import time
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord
from aiokafka.errors import KafkaConnectionError

from l1_walk_contracts import AbandonedData, EventKind, RejectionReason, SessionKind, Verb
from service.dev.simulation.traffic import simulate
from service.kafka import client_options
from service.ops.upkeep import caught_up
from service.ops.upkeep.outgoing import Addressed, Outgoing
from service.ops.upkeep.sweeper import REASON, Sweeper
from service.store import progress, references, sessions
from service.store.database import Connection
from service.store.progress import Advance
from service.store.references import Reference
from tests.support.site import PATIENCE, Site
from tests.support.stream import all_done, ends, feed
from tests.support.waiting import until
from tests.support.walk import Walk
from tests.support.walks import session
from tests.support.worker import working

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caught_up, "WAIT_SECONDS", 0.2)


def sweeper(site: Site, outgoing: Outgoing | None = None) -> Sweeper:
    """One without a worker, so that its rounds are a test's."""
    return Sweeper(site.settings, DAY, outgoing or Outgoing(lambda: producer(site)))


def producer(site: Site) -> AIOKafkaProducer:
    return AIOKafkaProducer(**client_options(site.settings), enable_idempotence=True)


async def age(site: Site, walk: Walk, hours: float = 25) -> None:
    """Nothing was handled of it for so long."""
    await site.database.execute(
        "UPDATE l1_walk_sessions SET updated_at = now() - $2::interval WHERE id = $1::uuid",
        walk.id,
        timedelta(hours=hours),
    )


async def left(site: Site, connection: Connection, *homes: int | None) -> list[Walk]:
    """Walks that live in these partitions, and were left long ago; all that the topic holds is handled."""
    walks = [Walk() for _ in homes]
    for walk, home in zip(walks, homes, strict=True):
        account, user = uuid.UUID(walk.account), uuid.UUID(walk.user)
        fresh = session(
            SessionKind.ADHOC,
            id=uuid.UUID(walk.id),
            account_id=account,
            created_by_user_id=user,
            home_partition=home,
        )
        await references.learn(connection, {Reference("account", account), Reference("user", user)})
        await sessions.insert(connection, [fresh])
        await age(site, walk)
    await all_is_handled(site, connection)
    return walks


async def all_is_handled(site: Site, connection: Connection) -> None:
    """As a worker would leave it."""
    at = await ends(site)
    await connection.execute("DELETE FROM l1_walk_progress")
    await progress.take(connection, site.topics.commands, at)
    places = [Advance(number, end, b"", None) for number, end in at.items() if end]
    if places:
        await progress.advance(connection, site.topics.commands, places)


async def swept(site: Site) -> list[ConsumerRecord]:
    """The sweeper's commands, in the topic."""
    return [
        r for r in await site.read(site.topics.commands) if b'"/l1-walk-worker/sweeper"' in (r.value or b"")
    ]


async def is_abandoned(site: Site, walk: Walk) -> bool:
    return bool((await site.session(walk.id))["status"] == "abandoned")


async def test_an_idle_walk_is_abandoned_once_and_a_lively_one_is_not(site: Site) -> None:
    idle, later, lively = Walk(), Walk(), Walk()
    async with working(site.settings):
        commands = [idle.start(), idle.step("n"), later.start(), lively.start()]
        await site.handled(*await site.send(*commands))
        before = await site.session(idle.id)
        for walk in (idle, later):
            await age(site, walk)
            await until(lambda walk=walk: is_abandoned(site, walk), PATIENCE, "the idle walk is abandoned")  # type: ignore[misc]
        await site.all_handled()
    row, now = await site.session(idle.id), await site.database.fetchval("SELECT now()")
    assert (row["version"], row["home_partition"]) == (3, before["home_partition"])
    assert now - timedelta(minutes=1) < row["last_step_at"] < now + timedelta(minutes=1)
    assert (await site.session(lively.id))["status"] == "active"
    event = (await site.events(idle.id))[-1]
    assert (event.kind, event.time) == (EventKind.ABANDONED, row["last_step_at"])
    assert isinstance(event.data, AbandonedData)
    assert (event.data.reason, str(event.data.user_id)) == (REASON, idle.user)
    assert {record.key.decode(): record.partition for record in await swept(site)} == {
        idle.id: row["home_partition"],
        later.id: (await site.session(later.id))["home_partition"],
    }
    assert len(await swept(site)) == 2
    assert await site.count("l1_walk_inbox", "outcome <> 'accepted'") == 0


async def test_what_the_technician_did_meanwhile_comes_first(site: Site, connection: Connection) -> None:
    [walk] = await left(site, connection, 1)
    note = walk.wrap(walk.envelope(Verb.NOTE) | {"time": "2026-03-02T09:30:00Z"})

    class Late(Outgoing):
        async def send(self, commands: Sequence[Addressed]) -> None:
            await site.send(note, partition=1)
            await super().send(commands)

    assert await sweeper(site, Late(lambda: producer(site))).round(connection) == 1
    async with working(site.settings):
        await site.all_handled()
    assert (await site.session(walk.id))["status"] == "active"
    [event] = await site.rejections(walk.id)
    assert event.data.reason is RejectionReason.NOT_IDLE  # type: ignore[union-attr]


async def test_where_commands_wait_nobody_is_swept(site: Site, connection: Connection) -> None:
    first, second, third = await left(site, connection, 0, 1, 2)
    await site.send(second.send(Verb.NOTE), partition=1)
    sweep = sweeper(site)
    assert await sweep.round(connection) == 2
    assert {record.key.decode(): record.partition for record in await swept(site)} == {
        first.id: 0,
        third.id: 2,
    }
    assert await sweep.round(connection) == 0, "what was sent waits itself now"


async def test_what_is_sent_again_is_the_same_command(site: Site, connection: Connection) -> None:
    await left(site, connection, 0)
    sent: list[Addressed] = []

    class Kept(Outgoing):
        async def send(self, commands: Sequence[Addressed]) -> None:
            sent.extend(commands)

    for _ in range(2):
        await sweeper(site, Kept(lambda: producer(site))).round(connection)
    await connection.execute("UPDATE l1_walk_sessions SET version = 2")
    await sweeper(site, Kept(lambda: producer(site))).round(connection)
    first, again, later = (json.loads(one.record.value)["id"] for one in sent)
    assert sent[0] == sent[1]
    assert first == again
    assert later != first


async def test_a_marker_of_a_transaction_is_nothing_that_waits(site: Site, connection: Connection) -> None:
    sender = AIOKafkaProducer(**client_options(site.settings), transactional_id=site.settings.topic_prefix)
    await sender.start()
    try:
        async with sender.transaction():
            await sender.send(site.topics.commands, b"{}", partition=0)
    finally:
        await sender.stop()
    await left(site, connection, 0)
    await connection.execute("UPDATE l1_walk_progress SET next_offset = 1 WHERE partition = 0")
    assert await sweeper(site).round(connection) == 1
    await connection.execute("UPDATE l1_walk_progress SET next_offset = 0 WHERE partition = 0")
    assert await sweeper(site).round(connection) == 0


async def test_a_walk_without_a_home_goes_by_its_key_and_only_where_nothing_waits_at_all(
    site: Site, connection: Connection
) -> None:
    [walk] = await left(site, connection, None)
    [place] = await site.send(walk.send(Verb.NOTE))
    await all_is_handled(site, connection)
    await site.send(Walk().start(), partition=(place.partition + 1) % 3)
    sweep = sweeper(site)
    assert await sweep.round(connection) == 0
    await all_is_handled(site, connection)
    assert await sweep.round(connection) == 1
    assert [record.partition for record in await swept(site)] == [place.partition]


async def test_without_a_broker_it_fails_and_goes_on_where_it_was(site: Site, connection: Connection) -> None:
    [walk] = await left(site, connection, 2)
    away = site.settings.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:1"})
    no_way = Outgoing(lambda: AIOKafkaProducer(bootstrap_servers="127.0.0.1:1"))
    cut_off, mute = Sweeper(away, DAY, Outgoing(lambda: producer(site))), sweeper(site, no_way)
    for failing in (cut_off, mute):
        with pytest.raises(KafkaConnectionError):
            await failing.round(connection)
    mute._outgoing = Outgoing(lambda: producer(site))
    assert await mute.round(connection) == 1
    assert [record.key.decode() for record in await swept(site)] == [walk.id]


async def test_replaying_history_abandons_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the default of a day, though every command is years old."""
    rounds = 0
    sweep = Sweeper.round

    async def counted(self: Sweeper, connection: Any) -> int:
        nonlocal rounds
        rounds += 1
        return await sweep(self, connection)

    monkeypatch.setattr(Sweeper, "round", counted)
    traffic = simulate(40)
    old = [
        r._replace(value=(r.value or b"").replace(b'"time":"2026', b'"time":"2019')) for r in traffic.records
    ]
    async with working(site.settings):
        await feed(site, old)
        await all_done(site, len(old))
        seen = rounds
        await until(lambda: rounds > seen + 2, PATIENCE, "the sweeper has looked")
    assert await site.count("l1_walk_sessions", "last_step_at < '2020-01-01' AND status = 'active'")
    assert await swept(site) == []


@pytest.mark.parametrize("hours", [-1, 1])
async def test_the_workers_clock_does_not_matter(
    site: Site, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    clock = time.time
    monkeypatch.setattr(time, "time", lambda: clock() + hours * 3600)
    settings = site.settings.model_copy(update={"idle_after": timedelta(minutes=30)})
    idle, lively = Walk(), Walk()
    async with working(settings):
        await site.handled(*await site.send(idle.start(), lively.start()))
        await age(site, lively, 20 / 60)
        await age(site, idle, 40 / 60)
        await until(lambda: is_abandoned(site, idle), PATIENCE, "the idle walk is abandoned")
    assert (await site.session(lively.id))["status"] == "active"
    row, now = await site.session(idle.id), await site.database.fetchval("SELECT now()")
    assert abs((now - row["last_step_at"]).total_seconds()) < 60
