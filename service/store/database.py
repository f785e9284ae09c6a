"""The way to PostgreSQL: one engine, and transactions on the driver's own connection.

The worker's statements are few, set-based and fixed, so they run on asyncpg directly: the same statement through
SQLAlchemy's execution costs the event loop 0.07 ms more each (bench/statement_cost.py), eight times a batch.
Pooling and migrations stay SQLAlchemy's.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeAlias, cast

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from service.store.address import dsn

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

TRANSACTION_LIMIT_SECONDS = 10
"""The server ends what holds locks for longer: a frozen worker blocks nobody (design 9, rule 2)."""

_SERVER_SETTINGS = {
    "application_name": "l1-walk-worker",
    "timezone": "UTC",
    "jit": "off",
    "idle_in_transaction_session_timeout": f"{TRANSACTION_LIMIT_SECONDS}s",
    "statement_timeout": f"{TRANSACTION_LIMIT_SECONDS}s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": f"{TRANSACTION_LIMIT_SECONDS}s",
}
_COMMAND_SECONDS = TRANSACTION_LIMIT_SECONDS + 2
_BOUNDS_TRANSACTIONS = "SELECT current_setting('server_version_num')::int >= 170000"
_BOUND_TRANSACTIONS = f"SET transaction_timeout = '{TRANSACTION_LIMIT_SECONDS}s'"


_UNBOUND = """
SELECT set_config('transaction_timeout', '0', true) WHERE current_setting('server_version_num')::int >= 170000
"""


async def unbind(connection: Connection) -> None:
    """Let this transaction take longer than others; one that stands still, the server ends all the same."""
    await connection.execute(_UNBOUND)


class Database:
    """A pool of connections to one database.

    Args:
        url: as `Settings.require_database` gives it, with options as libpq names them (`?sslmode=require`).
        pool_size: connections it may open.
    """

    def __init__(self, url: str, *, pool_size: int = 5) -> None:
        self._dsn = dsn(url)
        self.engine: AsyncEngine = create_async_engine(
            "postgresql+asyncpg://",
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=TRANSACTION_LIMIT_SECONDS,
            connect_args={
                "async_creator_fn": partial(asyncpg.connect, self._dsn),
                "timeout": TRANSACTION_LIMIT_SECONDS,
                "command_timeout": _COMMAND_SECONDS,
                "server_settings": _SERVER_SETTINGS,
            },
        )
        event.listen(self.engine.sync_engine, "connect", _limit_transactions)

    @asynccontextmanager
    async def transaction(self, *, durable: bool = True) -> AsyncIterator[Connection]:
        """A transaction that commits when the block ends and is rolled back by any exception.

        Args:
            durable: whether the commit waits for the disk. Only what may be done twice goes without.

        Raises:
            Whatever the block, asyncpg or the connection raises. An error of the commit itself leaves open
            whether it happened: look it up.
        """
        async with self.engine.connect() as connection:
            raw = await connection.get_raw_connection()
            driver = cast("Connection", raw.driver_connection)
            cancelled: asyncio.CancelledError | None = None
            try:
                async with driver.transaction():
                    try:
                        if not durable:
                            await driver.execute("SET LOCAL synchronous_commit = off")
                        yield driver
                    except asyncio.CancelledError as error:
                        cancelled = error
                        raise
            except (Exception, asyncio.CancelledError) as error:
                if _is_lost(driver, error):
                    await connection.invalidate()
                if cancelled is not None:
                    raise cancelled from None  # whatever became of the rollback: who cancels must not be ignored
                raise

    @asynccontextmanager
    async def beside(self, *, idle_seconds: float) -> AsyncIterator[Connection]:
        """A connection beside the pool, closed when the block ends, without waiting for what runs on it.

        Args:
            idle_seconds: the server closes it where it was idle for longer, with the locks that it holds.

        Raises:
            Whatever the block, asyncpg or the connection raises.
        """
        settings = _SERVER_SETTINGS | {"idle_session_timeout": f"{idle_seconds * 1000:.0f}ms"}
        connection = await asyncpg.connect(
            self._dsn,
            timeout=TRANSACTION_LIMIT_SECONDS,
            command_timeout=_COMMAND_SECONDS,
            server_settings=settings,
        )
        try:
            if await connection.fetchval(_BOUNDS_TRANSACTIONS):
                await connection.execute(_BOUND_TRANSACTIONS)
            yield connection
        finally:
            connection.terminate()

    async def close(self) -> None:
        """Close every connection of the pool."""
        await self.engine.dispose()


def _is_lost(driver: Connection, error: BaseException) -> bool:
    """Whether a connection must not be used again: it is closed, or nobody knows what the server does on it.

    asyncpg keeps one open whose command went without an answer, as inside of its transaction as it then was.
    """
    unanswered = isinstance(error, TimeoutError | asyncio.CancelledError | asyncpg.InterfaceError)
    return unanswered or driver.is_closed() or driver.is_in_transaction()


def _limit_transactions(connection: DBAPIConnection, _record: Any) -> None:
    """PostgreSQL 17 and later can bound a whole transaction, older ones only its parts."""
    cursor = connection.cursor()
    cursor.execute(_BOUNDS_TRANSACTIONS)
    if cursor.fetchone()[0]:  # type: ignore[index]
        cursor.execute(_BOUND_TRANSACTIONS)
    cursor.close()
    connection.commit()
