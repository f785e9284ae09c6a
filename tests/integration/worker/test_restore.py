"""A database is put back to an earlier point: it reads on by itself, to the same rows and the same events."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from l1_walk_contracts import SettleVerb, Verb
from service.dev.postgres import EmbeddedPostgres
from service.dev.simulation.traffic import simulate
from service.domain import handle
from service.ops.verify import verify
from service.pipeline.publishers import Publishers
from service.store.migrate import upgrade
from service.store.outbox import Message
from tests.support.letters import POISON, failing, letters, settle, unknown_type
from tests.support.site import PARTITIONS, PATIENCE, Site, open_site, site_settings
from tests.support.stream import Stream, handled, until_handled
from tests.support.walk import Sending, Walk
from tests.support.worker import working

REDRIVE, DISCARD = SettleVerb.REDRIVE, SettleVerb.DISCARD
Rows = dict[tuple[Any, ...], dict[str, Any]]
Told = tuple[bytes | None, bytes | None, tuple[tuple[str, bytes | None], ...]]


class Server(NamedTuple):
    """A PostgreSQL, and where copies of it go."""

    postgres: EmbeddedPostgres
    copies: Path

    def run(self, program: str, *arguments: str | Path) -> None:
        """One of PostgreSQL's own programs, pointed at the server."""
        url = self.postgres.url()
        subprocess.run(
            [self.postgres._programs / program, "-d", url, *arguments], check=True, capture_output=True
        )


def dump(server: Server) -> None:
    server.run("pg_dump", "-Fc", "-f", server.copies / "walk.dump")


def put_back_dump(server: Server) -> None:
    server.run("pg_restore", "--clean", "--if-exists", "--single-transaction", server.copies / "walk.dump")


def base_backup(server: Server) -> None:
    server.run("pg_basebackup", "--checkpoint=fast", "--no-sync", "-D", server.copies / "base")


def put_back_base_backup(server: Server) -> None:
    data, user = server.postgres._data, server.postgres._user
    server.postgres.stop()
    shutil.rmtree(data)
    shutil.move(server.copies / "base", data)
    if user is not None:
        for path in (data, *data.rglob("*")):
            os.chown(path, user, user)
    server.postgres.start()


WAYS = {"dump": (dump, put_back_dump), "base backup": (base_backup, put_back_base_backup)}


@pytest.fixture
async def alone(
    own_postgres: EmbeddedPostgres, bootstrap_servers: str, topic_prefix: str
) -> AsyncIterator[Site]:
    url = own_postgres.url()
    await upgrade(url)
    settings = site_settings(url, bootstrap_servers, topic_prefix, batch_max=25)
    async with open_site(settings) as site:
        yield site


class Troubled(NamedTuple):
    """Walks with commands that this worker fails on, or does not know."""

    redriven: Walk
    discarded: Walk

    @classmethod
    def make(cls) -> "Troubled":
        return cls(Walk(), Walk())

    def begin(self) -> list[Sending]:
        return [
            self.redriven.start(), self.discarded.start(),
            self.redriven.send(Verb.NOTE, POISON, text="poisoned"), unknown_type(self.discarded, text="?"),
            self.redriven.step("a"), self.discarded.step("b"),
        ]  # fmt: skip

    def end(self) -> list[Sending]:
        return [self.redriven.send(Verb.RESOLVE), self.discarded.send(Verb.ESCALATE)]

    async def settle(self, site: Site) -> None:
        """As an operator does, once the worker is mended."""
        for walk, verb in ((self.redriven, REDRIVE), (self.discarded, DISCARD)):
            [letter] = await letters(site, f"session_id = '{walk.id}' AND parked_behind IS NULL")
            await settle(site, verb, letter)


class Gate:
    """Holds back what is to be published, while it is shut."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened, self.reached = asyncio.Event(), asyncio.Event()
        self.opened.set()
        publish = Publishers.publish

        async def publish_later(publishers: Publishers, messages: Sequence[Message]) -> None:
            if not self.opened.is_set():
                self.reached.set()
            await self.opened.wait()
            await publish(publishers, messages)

        monkeypatch.setattr(Publishers, "publish", publish_later)


@pytest.mark.parametrize("way", WAYS)
async def test_a_database_is_put_back(
    alone: Site, own_postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, way: str
) -> None:
    take, put_back = WAYS[way]
    server = Server(own_postgres, tmp_path)
    gate, early, late = Gate(monkeypatch), Troubled.make(), Troubled.make()
    traffic = simulate(100)
    with monkeypatch.context() as faulty:
        faulty.setattr(handle, "decide", failing)
        async with working(alone.settings):
            await alone.handled(*await alone.send(*early.begin()))
            stream = Stream(alone, traffic.records)
            await until_handled(alone, len(traffic.records) // 8)
            gate.opened.clear()
            await asyncio.wait_for(gate.reached.wait(), PATIENCE)
            at_the_copy = await handled(alone)
            await asyncio.to_thread(take, server)
            gate.opened.set()
            assert not stream.over
            await stream.end()
            await alone.handled(*await alone.send(*late.begin(), *early.end()))
    async with working(alone.settings):
        await early.settle(alone)
        await late.settle(alone)
        await alone.send(*late.end())
        await alone.all_handled()
    before, told_before = await state(alone), await told(alone)

    await alone.database.close()
    await asyncio.to_thread(put_back, server)
    await alone.connect_again()
    assert await alone.count("l1_walk_outbox"), "the copy owes something"
    assert await handled(alone) < at_the_copy + 100
    assert (await state(alone))["l1_walk_sessions"] != before["l1_walk_sessions"]
    async with working(alone.settings):
        await alone.all_handled()

    after = await state(alone)
    forgotten = fates_that_are_no_more(late, before)
    for table, rows in before.items():
        assert after[table] == {key: row for key, row in rows.items() if key not in forgotten}, table
    check_told(alone, told_before, await told(alone))
    assert (await verify(alone.settings)).findings == []


async def test_a_worker_that_was_left_running_goes_on_from_there(
    alone: Site, own_postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    """Its connections break, and what it knows of the partitions is not so any more."""
    server, walks = Server(own_postgres, tmp_path), [Walk() for _ in range(PARTITIONS)]

    async def all_walk(node_id: str) -> None:
        for partition, walk in enumerate(walks):
            await alone.send(walk.step(node_id), partition=partition)
        await alone.all_handled()

    async with working(alone.settings):
        for partition, walk in enumerate(walks):
            await alone.send(walk.start(), partition=partition)
        await all_walk("a")
        await asyncio.to_thread(base_backup, server)
        await all_walk("b")
        await alone.database.close()
        await asyncio.to_thread(put_back_base_backup, server)
        await alone.connect_again()
        await all_walk("c")
    for walk in walks:
        row = await alone.session(walk.id)
        assert [entry["node_id"] for entry in row["walked_path"]] == ["a", "b", "c"]
    assert await alone.count("l1_walk_outbox") == 0


async def state(site: Site) -> dict[str, Rows]:
    """All that the worker keeps, but for the database's own clock and counters."""
    tables = {
        "l1_walk_sessions": ("id",),
        "l1_walk_inbox": ("session_id", "source", "command_id"),
        "l1_walk_dead_letters": ("topic", "partition", "offset"),
        "l1_walk_held": ("session_id",),
        "l1_walk_references": ("kind", "id"),
        **dict.fromkeys(("accounts", "users", "trees", "flow_proposals"), ("id",)),
    }
    clocks = ("created_at", "updated_at", "handled_at", "settled_at", "since")
    found: dict[str, Rows] = {}
    for table, key in tables.items():
        rows = [dict(row) for row in await site.database.fetch(f"SELECT * FROM {table}")]
        found[table] = {
            tuple(row[name] for name in key): {
                name: value for name, value in row.items() if name not in clocks
            }
            for row in rows
        }
    found["progress"] = {(p,): {"next_offset": offset} for p, offset in (await site.progress()).items()}
    return found


def fates_that_are_no_more(late: Troubled, before: dict[str, Rows]) -> set[tuple[Any, ...]]:
    """The letters of what failed after the copy: the worker is mended now, and fails on it no more."""
    return {
        key
        for key, row in before["l1_walk_dead_letters"].items()
        if str(row["session_id"]) == late.redriven.id
    }


async def told(site: Site) -> dict[str, list[Told]]:
    """All that was ever published, by topic."""
    return {
        topic: [(r.key, r.value, tuple(r.headers)) for r in await site.read(topic)]
        for topic in site.topics.all()[2:]
    }


def check_told(site: Site, before: dict[str, list[Told]], after: dict[str, list[Told]]) -> None:
    """Events came again, with the same ids and bytes; but for one rejection there is none that was not there before."""
    for topic, messages in after.items():
        new = set(messages) - set(before[topic])
        assert len(messages) > len(before[topic]), "some came again"
        # the redrive of what had failed after the copy finds no dead letter
        assert len(new) == (1 if topic == site.topics.rejected else 0), topic
    terminal = [*after[site.topics.resolved], *after[site.topics.escalated]]
    assert len(set(terminal)) > 30
    assert len({value for _, value, _ in terminal}) == len(set(terminal))
