"""One plain connection for those who look: no pool, no engine, at hand in a few milliseconds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg

from service.ops.errors import NotSetUpError, RefusedError, UnreachableError
from service.settings import Settings
from service.store.address import dsn, where
from service.store.errors import words

if TYPE_CHECKING:
    from service.store.database import Connection

CONNECT_SECONDS = 5.0
"""How long one attempt to connect may take."""
ANSWER_SECONDS = 30.0
"""How long one statement may take."""

_LATER = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)
"""What a database that starts, stops or is overrun answers; any other answer stays the same."""


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator["Connection"]:
    """A connection, closed when the block ends.

    Raises:
        SettingsError: no database is named.
        UnreachableError: it does not answer.
        RefusedError: it turns us away.
        NotSetUpError: from within the block: our tables are not there.
    """
    url = settings.require_database()
    connection = await _connect(url)
    try:
        yield connection
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
        raise NotSetUpError(f"the database {where(url)} is not migrated: run: walk migrate") from None
    except asyncpg.InsufficientPrivilegeError as error:
        raise RefusedError(
            f"the database {where(url)} turns us away ({words(error)}): check the rights of that user"
        ) from None
    except (asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError, OSError, TimeoutError) as error:
        raise UnreachableError(f"the database {where(url)} went away ({words(error)})") from None
    finally:
        await _close(connection)


async def _connect(url: str) -> "Connection":
    try:
        return await asyncpg.connect(
            dsn(url),
            timeout=CONNECT_SECONDS,
            command_timeout=ANSWER_SECONDS,
            server_settings={"application_name": "walk", "timezone": "UTC"},
        )
    except _LATER as error:
        raise UnreachableError(
            f"the database {where(url)} cannot be reached ({words(error)}):"
            f" is it running, and is WALK_DATABASE_URL right?"
        ) from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise RefusedError(
            f"the database {where(url)} turns us away ({words(error)}): check WALK_DATABASE_URL"
        ) from error


async def _close(connection: "Connection") -> None:
    try:
        await asyncio.shield(connection.close(timeout=1))
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()
