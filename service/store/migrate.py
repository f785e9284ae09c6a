"""Bring a database to a revision of our chain of migrations (design 12): what `walk migrate` does.

The chain lies in `migrations/` of the source tree, and in `service/migrations` once installed. Where a
database stands is kept in `l1_walk_alembic_version`; upstream's own `alembic_version` is neither read nor
written.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

import service
from service.store import adoption, catalog
from service.store.address import dsn, where
from service.store.errors import MigrationError, words

__all__ = [
    "MigrationError",
    "MigrationResult",
    "current",
    "downgrade",
    "head",
    "require_head",
    "upgrade",
]

VERSION_TABLE: Final = "l1_walk_alembic_version"
CONNECT_SECONDS: Final = 10.0
LOCK_SECONDS: Final = 5
"""How long a change waits for a table that others use, while all who come after it wait too."""
TURN_SECONDS: Final = 120.0
"""How long one migration waits for another to end."""

_TURN: Final = int.from_bytes(b"l1_walk")
"""Key of the advisory lock that one migration at a time holds."""
_TURN_PAUSE_SECONDS: Final = 0.1

SERVER_SETTINGS: Final = {
    "application_name": "walk migrate",
    "timezone": "UTC",
    "lock_timeout": f"{LOCK_SECONDS}s",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
_UNREADABLE: Final = (
    "the database's URL cannot be read: write postgresql://user:password@host:5432/database, with the special"
    " characters of user and password percent-encoded"
)

T = TypeVar("T")


class MigrationResult(NamedTuple):
    """Where a database stood and where it stands now; None: before the first revision."""

    before: str | None
    after: str | None
    adopted: bool
    """Whether its reference tables are upstream's own."""


async def upgrade(url: str, revision: str = "head") -> MigrationResult:
    """Bring the database forward to a revision. Run twice at the same time, one waits for the other.

    Raises:
        MigrationError: it could not be done; each revision is done whole or can be repeated.
    """
    return await _move(url, command.upgrade, revision)


async def downgrade(url: str, revision: str) -> MigrationResult:
    """Bring the database back to a revision, or to `base`. No table that was upstream's is dropped.

    Raises:
        MigrationError: it could not be done, or would lose what must not be lost.
    """
    return await _move(url, command.downgrade, revision)


async def current(url: str) -> str | None:
    """The revision at which the database stands, None before the first.

    Raises:
        MigrationError: it cannot be reached or read.
    """
    async with _connection(url) as connection:
        return await connection.run_sync(_current)


def head() -> str:
    """The newest revision, which this version of the worker needs."""
    newest = ScriptDirectory.from_config(configuration()).get_current_head()
    if newest is None:
        raise MigrationError(f"no migrations lie in {_folder()}: install the worker anew")
    return newest


async def require_head(url: str) -> None:
    """Make sure that the database is the one that this version of the worker needs.

    Raises:
        MigrationError: it is not; says what to do.
    """
    found, needed = await current(url), head()
    if found != needed:
        _require_known(url, found)
        stands = f"is at revision {found}" if found else "is not migrated"
        raise MigrationError(
            f"the database {where(url)} {stands}, this worker needs {needed}: run: walk migrate"
        )


def configuration() -> Config:
    """Alembic's configuration of the chain, for any command of its own."""
    config = Config()
    config.set_main_option("script_location", str(_folder()).replace("%", "%%"))
    return config


async def exclusively(url: str, work: Callable[[Connection], T]) -> T:
    """Do some work on the database while no other migration runs.

    Raises:
        MigrationError: the work raised it, or the database refused or could not be reached.
    """
    async with _connection(url) as connection:
        await _take_turn(connection, url)
        return await connection.run_sync(work)


async def _move(url: str, move: Callable[[Config, str], None], revision: str) -> MigrationResult:
    def work(connection: Connection) -> MigrationResult:
        config = configuration()
        config.attributes["connection"] = connection
        before = _current(connection)
        _require_known(url, before)
        connection.rollback()
        move(config, revision)
        return MigrationResult(before, _current(connection), adopted=_adopted(connection))

    return await exclusively(url, work)


async def _take_turn(connection: AsyncConnection, url: str) -> None:
    """Hold the lock that one migration at a time holds, until the connection is closed.

    It is asked for again and again: one that waited inside PostgreSQL would hold a snapshot, for which the
    `CREATE INDEX CONCURRENTLY` of the other would wait in turn.
    """
    deadline = time.monotonic() + TURN_SECONDS
    while not await connection.scalar(text("SELECT pg_try_advisory_lock(:turn)"), {"turn": _TURN}):
        await connection.rollback()
        if time.monotonic() > deadline:
            raise MigrationError(
                f"another migration of {where(url)} is running: wait for it, then run this again"
            )
        await asyncio.sleep(_TURN_PAUSE_SECONDS)
    await connection.rollback()


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[AsyncConnection]:
    """One connection; whatever goes wrong with it is a MigrationError."""

    async def connect(**_: object) -> "asyncpg.Connection[asyncpg.Record]":
        try:
            return await asyncpg.connect(
                dsn(url), timeout=CONNECT_SECONDS, statement_cache_size=0, server_settings=SERVER_SETTINGS
            )
        except ValueError as error:
            raise MigrationError(_UNREADABLE) from error

    engine = create_async_engine(
        "postgresql+asyncpg://",
        poolclass=NullPool,
        connect_args={"async_creator_fn": connect, "prepared_statement_cache_size": 0},
    )
    try:
        async with engine.connect() as connection:
            yield connection
    except CommandError as error:
        raise MigrationError(f"the chain of migrations cannot be followed: {error}") from error
    except SQLAlchemyError as error:
        raise MigrationError(_refusal(url, error)) from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise MigrationError(
            f"the database {where(url)} cannot be reached ({words(error)}): is it running, is the URL right?"
        ) from error
    finally:
        await engine.dispose()


def _current(connection: Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()


def _adopted(connection: Connection) -> bool:
    if not catalog.tables(connection, ["l1_walk_adoption"]):
        return False
    return adoption.REFERENCES[0] in adoption.noted(connection, "adopted", "table")


def _require_known(url: str, revision: str | None) -> None:
    chain = ScriptDirectory.from_config(configuration()).walk_revisions()
    if revision is not None and revision not in {script.revision for script in chain}:
        raise MigrationError(
            f"the database {where(url)} is at revision {revision}, which this version does not know:"
            " a newer one migrated it, use that one"
        )


def _refusal(url: str, error: SQLAlchemyError) -> str:
    """What PostgreSQL said, in one line, and what to do about it."""
    said = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig else None
    match said:
        case asyncpg.LockNotAvailableError():
            hint = (
                f"others used a table for more than {LOCK_SECONDS} s, and migrating it waits no longer so as"
                " not to hold them up: run it again when less goes on"
            )
        case asyncpg.InsufficientPrivilegeError():
            hint = (
                "migrating takes the role that owns the tables, working what deploy/postgres/grants.sql gives"
            )
        case asyncpg.IntegrityConstraintViolationError():
            hint = (
                "rows that stand there break a rule of the session table: put them right, then run it again"
            )
        case _:
            hint = "what was done so far stands; run it again when this is put right"
    return f"the database {where(url)} refused it ({words(said or error)}): {hint}"


def _folder() -> Path:
    package = Path(service.__file__).resolve().parent
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parent / "migrations"
