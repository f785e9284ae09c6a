"""The servers that scenarios break: PostgreSQL and Kafka, each a process of its own, and the proxies before them."""

import asyncio
import itertools
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

import asyncpg

from service.dev.children import Children
from service.dev.kafka import EmbeddedKafka
from service.dev.ports import LOOPBACK, free_ports
from service.dev.postgres import EmbeddedPostgres
from service.store.migrate import upgrade

TEMPLATE = "fault_template"
CONNECTIONS = 60
"""What the database server takes: enough for every worker, and soon exhausted on purpose."""
_DATABASE_SETTINGS = {"max_connections": str(CONNECTIONS), "shared_buffers": "64MB"}
_BROKER_SETTINGS = {
    # a broker that was killed is let in again when its session is over: by default after 9 s
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "1000",
    # scenarios that need many rebalances use a shorter session than the worker's
    "group.min.session.timeout.ms": "500",
}


class TwoDoors(EmbeddedKafka):
    """A broker with a second listener, which sends those who come by it to a proxy's port."""

    def __init__(self, children: Children, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(children, settings)
        self.back_port, self.proxy_port = free_ports(2)

    def _properties(self) -> dict[str, str]:
        plain = super()._properties()
        return plain | {
            "listeners": f"{plain['listeners']},BACK://{LOOPBACK}:{self.back_port}",
            "advertised.listeners": f"{plain['advertised.listeners']},BACK://{LOOPBACK}:{self.proxy_port}",
            "listener.security.protocol.map": f"{plain['listener.security.protocol.map']},BACK:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
        }


class Lab:
    """`with Lab() as lab:` runs both servers until the block ends; scenarios share them, each with its own database."""

    def __init__(self) -> None:
        self._children = Children()
        self.postgres = EmbeddedPostgres(self._children, _DATABASE_SETTINGS)
        self.kafka = TwoDoors(self._children, _BROKER_SETTINGS)
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        try:
            with ThreadPoolExecutor(2) as threads:
                list(threads.map(lambda server: server.start(), (self.postgres, self.kafka)))
        except BaseException:
            self._children.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._children.close()

    @property
    def children(self) -> Children:
        """Owns every process of the lab, and its folder."""
        return self._children

    async def prepare(self) -> None:
        """Make the migrated database of which each scenario gets a copy."""
        await self._execute(f"CREATE DATABASE {TEMPLATE}")
        await upgrade(self.postgres.url(TEMPLATE))

    async def new_database(self) -> str:
        """The address of a fresh database at the newest migration."""
        name = f"fault_{next(self._numbers)}_{secrets.token_hex(3)}"
        await self._execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return self.postgres.url(name)

    async def drop_database(self, url: str) -> None:
        """Forget a database, whoever is connected."""
        await self._execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    async def restart_postgres(self, *, away: float = 0.0) -> None:
        """Kill the server, and start it again after so many seconds."""
        await asyncio.to_thread(self.postgres.kill)
        await asyncio.sleep(away)
        await asyncio.to_thread(self.postgres.start)

    async def restart_kafka(self, *, away: float = 0.0) -> None:
        """Kill the broker, and start it again after so many seconds."""
        await asyncio.to_thread(self.kafka.kill)
        await asyncio.sleep(away)
        await asyncio.to_thread(self.kafka.start)

    async def mend(self) -> int:
        """Start what is down; how many servers were."""
        down = 0
        for server in (self.postgres, self.kafka):
            process = server._process
            if process is None or process.poll() is not None:
                await asyncio.to_thread(server.kill)
                await asyncio.to_thread(server.start)
                down += 1
        return down

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.postgres.url("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
