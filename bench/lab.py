"""The servers that all contenders work on, and a world of its own for each run: a fresh database, fresh topics."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil
from aiokafka.admin import AIOKafkaAdminClient
from sqlalchemy.ext.asyncio import create_async_engine

from bench.contenders import tables
from bench.traffic import Desk
from l1_walk_contracts import Topics
from service.dev.stack import EmbeddedStack
from service.ops import topics as operations
from service.settings import Settings
from service.store import migrate

_SHOWN = (
    "server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_level", "shared_buffers",
)  # fmt: skip


@dataclass(frozen=True)
class World:
    """Where one run takes place."""

    name: str
    settings: Settings
    database: str
    """Its URL, as asyncpg takes it."""
    folder: Path

    @property
    def env(self) -> dict[str, str]:
        """What leads a contender there."""
        return {
            **os.environ,
            "WALK_DATABASE_URL": self.database,
            "WALK_KAFKA_BOOTSTRAP_SERVERS": self.settings.require_kafka(),
            "WALK_TOPIC_PREFIX": self.settings.topic_prefix,
            "WALK_CONSUMER_GROUP": self.settings.consumer_group,
            "WALK_HTTP_PORT": "0",
        }

    @property
    def topics(self) -> Topics:
        """Its topics."""
        return Topics(self.settings.topic_prefix)

    @property
    def event_topics(self) -> tuple[str, ...]:
        """Those that the measured commands have events on."""
        return self.topics.resolved, self.topics.escalated, self.topics.lifecycle


class Lab:
    """PostgreSQL and Kafka, and the worlds on them.

    Args:
        stack: running, with real Kafka.
        template: the name of the database that all others are copied from.
    """

    _numbers = itertools.count(1)

    def __init__(self, stack: EmbeddedStack, template: str = "bench") -> None:
        self._stack = stack
        self._template = template

    @property
    def postgres(self) -> psutil.Process:
        """PostgreSQL's first process."""
        return self._child("postgres")

    @property
    def kafka(self) -> psutil.Process:
        """The broker's process."""
        return self._child("java")

    async def prepare(self, upgrade: Callable[[str], Awaitable[object]] = migrate.upgrade) -> dict[str, str]:
        """Make the database that all others are copied from.

        Args:
            upgrade: migrates the empty one at this address.

        Returns:
            What PostgreSQL says of its settings.
        """
        url = self._stack.postgres.url(self._template)
        await self._administer(f"CREATE DATABASE {self._template}")
        await upgrade(url)
        engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
        async with engine.begin() as connection:
            await connection.run_sync(tables.Base.metadata.create_all)
        await engine.dispose()
        desk = Desk()
        connection_ = await asyncpg.connect(url)
        for table, ids in (("accounts", desk.accounts), ("users", desk.users), ("trees", desk.flows)):
            await connection_.execute(f"INSERT INTO {table} (id) SELECT unnest($1::uuid[])", ids)
        shown = {name: str(await connection_.fetchval(f"SHOW {name}")) for name in _SHOWN}
        await connection_.close()
        return shown

    @asynccontextmanager
    async def world(self) -> AsyncIterator[World]:
        """A world of its own, gone when the block ends."""
        name = f"bench{next(self._numbers)}"
        settings = Settings(
            kafka_bootstrap_servers=self._stack.broker.bootstrap_servers,
            topic_prefix=f"{name}.walk",
            consumer_group=name,
        )
        await self._administer(f"CREATE DATABASE {name} TEMPLATE {self._template}", "CHECKPOINT")
        await operations.create(settings)
        try:
            yield World(name, settings, self._stack.postgres.url(name), self._stack.folder)
        finally:
            await self._administer(f"DROP DATABASE {name} WITH (FORCE)")
            await self._delete(settings)

    async def _administer(self, *statements: str) -> None:
        connection = await asyncpg.connect(self._stack.postgres.url("postgres"))
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    async def _delete(self, settings: Settings) -> None:
        client = AIOKafkaAdminClient(bootstrap_servers=settings.require_kafka())
        await client.start()
        await client.delete_topics(list(Topics(settings.topic_prefix).all()))
        await client.close()
        await asyncio.sleep(0.2)

    def _child(self, name: str) -> psutil.Process:
        mine = psutil.Process().children()
        return next(process for process in mine if process.name() == name)
