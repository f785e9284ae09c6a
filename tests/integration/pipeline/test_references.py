"""Which ids a command may name, and what becomes of an account that is gone."""

import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaProducer

from l1_walk_contracts import CommandRejectedData, Event, ResolvedData, Verb
from service.pipeline import reference_topic
from service.settings import References
from service.store import references
from service.store.migrate import upgrade
from tests.support.site import PATIENCE, Site, open_site, site_settings
from tests.support.upstream import ACCOUNT, TREE, USER, Upstream, insert
from tests.support.waiting import until
from tests.support.walk import Sending, Walk
from tests.support.worker import not_ready, working


@pytest.fixture
async def strict(database_url: str, bootstrap_servers: str, topic_prefix: str) -> AsyncIterator[Site]:
    """A site whose workers take known references alone."""
    settings = site_settings(database_url, bootstrap_servers, topic_prefix, references=References.REQUIRE)
    async with open_site(settings) as site:
        yield site


@asynccontextmanager
async def transactional(site: Site) -> AsyncIterator[AIOKafkaProducer]:
    """A producer whose records are followed by markers."""
    producer = AIOKafkaProducer(
        bootstrap_servers=site.settings.require_kafka(), transactional_id=site.settings.topic_prefix
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


def unknown(event: Event) -> list[str]:
    """The fields of a rejection that name nothing known."""
    assert isinstance(event.data, CommandRejectedData)
    assert event.data.reason == "unknown_reference"
    return [error.field for error in event.data.errors or ()]


async def test_an_id_is_learned_on_first_mention(site: Site) -> None:
    walk = Walk()
    async with working(site.settings):
        await site.handled(*await site.send(walk.start()))
        other = Walk(account=walk.account, user=walk.user)
        other.flow = walk.flow
        await site.handled(*await site.send(other.start()))
    assert await site.count("l1_walk_references", "NOT gone") == 3
    assert [await site.count(table) for table in ("accounts", "users", "trees")] == [1, 1, 1]


async def test_required_references_come_from_their_topic(strict: Site) -> None:
    known, stranger = Walk(), Walk()
    for kind, id_ in (("account", known.account), ("user", known.user), ("flow", known.flow)):
        await strict.tell(kind, id_)
    places = await strict.send(known.start(), stranger.start())
    async with working(strict.settings):
        await strict.handled(*places)
        [event] = await strict.rejections(stranger.id)
        assert unknown(event) == ["data.account_id", "data.user_id", "data.flow_id"]
        assert (await strict.session(known.id))["status"] == "active"

        colleague = str(uuid.uuid4())
        await strict.tell("user", colleague)
        await strict.handled(*await strict.send(known.step("n", user_id=colleague)))
        assert (await strict.session(known.id))["version"] == 2
        await strict.handled(*await strict.send(known.step("m", user_id=str(uuid.uuid4()))))
        assert unknown((await strict.rejections(known.id))[0]) == ["data.user_id"]
    assert await strict.count("users") == 2


async def test_what_is_gone_may_not_be_named_but_stays_where_a_walk_names_it(site: Site) -> None:
    walk, loner = Walk(), str(uuid.uuid4())
    async with working(site.settings):
        await site.handled(*await site.send(walk.start(), walk.step("n", user_id=loner)))
        for kind, id_ in (("user", walk.user), ("user", loner), ("flow", walk.flow)):
            await site.tell(kind, id_, None)
        await until(lambda: site.count("l1_walk_references", "gone"), PATIENCE, "the references are gone")
        await until(lambda: reads_all(site), PATIENCE, "the references topic is read")
        again = Walk(account=walk.account)
        again.flow = walk.flow
        await site.handled(*await site.send(walk.step("m"), again.start()))
        assert unknown((await site.rejections(walk.id))[0]) == ["data.user_id"]
        assert unknown((await site.rejections(again.id))[0]) == ["data.flow_id"]
        users = {str(row["id"]) for row in await site.database.fetch("SELECT id FROM users")}
        assert walk.user in users
        assert loner not in users
        assert await site.count("trees") == 1

        await site.tell("user", walk.user)
        await until(lambda: reads_all(site), PATIENCE, "the references topic is read")
        await site.handled(*await site.send(walk.step("m")))
    assert (await site.session(walk.id))["version"] == 3


async def reads_all(site: Site) -> bool:
    """Whether the references topic is handled to its end."""
    records = await site.read(site.topics.references)
    rows = await site.database.fetch(
        "SELECT partition, next_offset FROM l1_walk_progress WHERE topic = $1", site.topics.references
    )
    stands = dict(map(tuple, rows))
    return all((stands.get(r.partition) or 0) > r.offset for r in records)


async def test_an_account_that_is_gone_takes_everything_along(site: Site) -> None:
    walk, other = Walk(), Walk()
    async with working(site.settings):
        commands = [walk.start(), walk.step("n"), walk.send(Verb.NOTE, text=""), other.start()]
        await site.handled(*await site.send(*commands))
        await leave_traces(site, walk)
        await site.tell("account", walk.account, None)
        await until(lambda: reads_all(site), PATIENCE, "the references topic is read")
        for table, column in TRACES.items():
            assert not await site.count(table, f"{column} = $1::uuid", walk.account), table
        assert not await site.count("l1_walk_inbox", "session_id = $1::uuid", walk.id)
        assert await site.count("l1_walk_sessions") == await site.count("l1_walk_inbox") == 1

        late = walk.step("secret of the account")
        await site.handled(*await site.send(late, Sending(late.key, b'{"bad'), walk.send(Verb.NOTE, text="")))
        rejected = (await site.rejections(walk.id))[1:]
        assert unknown(rejected[0]) == ["data.account_id"]
        assert [event.data.command for event in rejected] == [None, None]  # type: ignore[union-attr]
        told = [r.value for r in await site.read(site.topics.rejected)]
        assert not any(b"secret of the account" in value for value in told)
        assert not await site.count("l1_walk_sessions", "id = $1::uuid", walk.id)

        await site.tell("account", walk.account)
        await until(lambda: reads_all(site), PATIENCE, "the references topic is read")
        await site.handled(*await site.send(walk.start()))
    assert (await site.session(walk.id))["version"] == 1


TRACES = {
    "l1_walk_sessions": "account_id",
    "l1_walk_outbox": "account_id",
    "l1_walk_dead_letters": "account_id",
    "accounts": "id",
}


async def leave_traces(site: Site, walk: Walk) -> None:
    """What a fault of ours leaves of a walk: messages not sent yet, a dead letter."""
    await site.database.execute(
        'INSERT INTO l1_walk_outbox (partition, "offset", number, topic, account_id) VALUES (99, 0, 0, $1, $2)',
        site.topics.lifecycle, uuid.UUID(walk.account),
    )  # fmt: skip
    await site.database.execute(
        'INSERT INTO l1_walk_dead_letters (id, topic, partition, "offset", account_id, class, error)'
        " VALUES ($1, $2, 99, 0, $3, 'failed', 'e')",
        uuid.uuid4(), site.topics.commands, uuid.UUID(walk.account),
    )  # fmt: skip


async def test_gone_and_back_at_once_is_still_erased(site: Site) -> None:
    walk = Walk()
    async with working(site.settings):
        await site.handled(*await site.send(walk.start()))
    await site.tell("account", walk.account, None)
    await site.tell("account", walk.account)
    async with working(site.settings):
        await until(lambda: reads_all(site), PATIENCE, "the references topic is read")
        assert not await site.count("l1_walk_sessions")
        await site.handled(*await site.send(walk.start()))
    assert (await site.session(walk.id))["version"] == 1


async def test_keys_that_name_nothing_are_passed_over(strict: Site) -> None:
    walk = Walk()
    for key in (b"account/none", b"planet/1", b"", b"\xff", b"account", f"account/{walk.account}/x".encode()):
        await strict.send_to(strict.topics.references, Sending(key, b"{}", ()))
    await strict.tell("account", walk.account)
    async with working(strict.settings):
        await until(lambda: reads_all(strict), PATIENCE, "the references topic is read")
    assert await strict.count("l1_walk_references") == 1


async def test_a_stop_does_not_wait_for_references_that_nobody_reads(
    strict: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference_topic, "CATCH_UP_SECONDS", 0.5)
    await strict.tell("account", str(uuid.uuid4()))
    async with strict.database.transaction():
        await strict.database.execute(
            "INSERT INTO l1_walk_progress (topic, partition) SELECT $1, generate_series(0, 2)",
            strict.topics.references,
        )
        async with working(strict.settings, ready=False) as worker:
            await strict.send(Walk().start())
            await until(worker._pipeline.partitions.lock.locked, PATIENCE, "a batch waits")
            began = time.monotonic()
        assert time.monotonic() - began < 10


async def test_an_adopted_database_is_read_and_looked_at_twice(
    empty_database_url: str,
    bootstrap_servers: str,
    topic_prefix: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await Upstream().make(empty_database_url)
    await upgrade(empty_database_url)
    looks: list[int] = []
    look = references.existing

    async def counted(*arguments: object) -> set[references.Reference]:
        found = await look(*arguments)  # type: ignore[arg-type]
        looks.append(len(found))
        return found

    monkeypatch.setattr(references, "existing", counted)
    settings = site_settings(empty_database_url, bootstrap_servers, topic_prefix)
    walk, late, stranger = Walk(), Walk(), Walk()
    walk.account, walk.user, walk.flow = str(ACCOUNT), str(USER), str(TREE)
    late.user, late.flow = str(USER), str(TREE)
    async with open_site(settings) as site, working(settings, adopted=True) as worker:
        await site.handled(*await site.send(walk.start(), walk.step("n")))
        assert (await site.session(walk.id))["version"] == 2
        assert looks == [3, 3]
        transaction = site.database.transaction()
        await transaction.start()
        account = {"id": uuid.UUID(late.account), "name": "new here"}
        await insert(site.database, "accounts", account)
        [place] = await site.send(late.start())
        await until(lambda: len(looks) == 3, PATIENCE, "the worker has looked once")
        await transaction.commit()
        await site.handled(place)
        assert (await site.session(late.id))["status"] == "active"

        await site.handled(*await site.send(stranger.start()))
        [event] = await site.rejections(stranger.id)
        assert unknown(event) == ["data.account_id", "data.user_id", "data.flow_id"]
        assert await site.count("accounts") == 2
        assert not not_ready(worker)


async def test_a_walk_that_upstream_began_is_ended_here(
    empty_database_url: str, bootstrap_servers: str, topic_prefix: str
) -> None:
    """Its path is of a shape that the worker does not write."""
    await Upstream().make(empty_database_url)
    await upgrade(empty_database_url)
    settings = site_settings(empty_database_url, bootstrap_servers, topic_prefix)
    walk = Walk(str(uuid.UUID(int=0x1000)), account=str(ACCOUNT), user=str(USER))
    async with open_site(settings) as site, working(settings, adopted=True):
        before = await site.session(walk.id)
        [place, *others] = await site.send(walk.step("n"), walk.send(Verb.NOTE), walk.send(Verb.RESOLVE))
        await site.handled(place, *others)
        row = await site.session(walk.id)
        assert (row["status"], row["version"], row["home_partition"]) == ("resolved", 4, place.partition)
        assert row["walked_path"][:-1] == before["walked_path"]
        [event] = await site.events(walk.id)
        assert isinstance(event.data, ResolvedData)
        assert list(event.data.walked_path)[:-1] == before["walked_path"]


async def test_an_account_deleted_upstream_does_not_stop_the_worker(
    empty_database_url: str, bootstrap_servers: str, topic_prefix: str
) -> None:
    """Upstream's cascade takes the walks; what the worker still knows of them must be in nobody's way."""
    await Upstream().make(empty_database_url)
    await upgrade(empty_database_url)
    settings = site_settings(empty_database_url, bootstrap_servers, topic_prefix)
    account = {"id": uuid.uuid4(), "name": "comes and goes"}
    walk = Walk(account=str(account["id"]), user=str(USER))
    walk.flow = str(TREE)
    start = walk.start()
    async with open_site(settings) as site, working(settings, adopted=True):
        await insert(site.database, "accounts", account)
        await site.handled(*await site.send(start))
        await site.database.execute("DELETE FROM accounts WHERE id = $1", account["id"])
        await site.handled(*await site.send(walk.step("n")))
        assert unknown((await site.rejections(walk.id))[0]) == ["data.account_id"]
        await insert(site.database, "accounts", account)
        await site.handled(*await site.send(start))
        assert (await site.session(walk.id))["version"] == 1


async def test_references_told_in_transactions_are_read_to_their_end(strict: Site) -> None:
    known, stranger = Walk(), Walk()
    async with transactional(strict) as producer, producer.transaction():
        for kind, id_ in (("account", known.account), ("user", known.user), ("flow", known.flow)):
            await producer.send(strict.topics.references, b"{}", key=f"{kind}/{id_}".encode())
    places = await strict.send(known.start(), stranger.start())
    async with working(strict.settings):
        await strict.handled(*places)
        assert (await strict.session(known.id))["status"] == "active"
        [event] = await strict.rejections(stranger.id)
        assert unknown(event) == ["data.account_id", "data.user_id", "data.flow_id"]
