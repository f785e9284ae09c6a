"""Before the worker starts: is all there that it needs? What does not answer is waited for, within bounds."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from service.ops import broker, database
from service.ops.errors import NotSetUpError, PreflightError, RefusedError, UnreachableError
from service.ops.topic_specs import specs
from service.ops.topics import existing
from service.pipeline.failure import Kind, kind_of
from service.settings import Settings
from service.store import adoption, migrate
from service.store.errors import MigrationError

__all__ = ["NotSetUpError", "PreflightError", "RefusedError", "UnreachableError", "check"]

PAUSE_SECONDS = 0.5
"""Between two attempts."""
REMIND_SECONDS = 10.0
"""How often the log says again what is awaited."""

_PASSING = (Kind.CONNECTION, Kind.STARTING, Kind.TIMEOUT, Kind.CONNECTIONS)
"""What may befall a connection while the database is looked at, and passes."""

T = TypeVar("T")

logger = logging.getLogger(__name__)


async def check(settings: Settings) -> bool:
    """Returns once the database and the broker answer and are set up.

    Waits up to `startup_timeout` for what does not answer, and says in the log what it waits for. What
    answers but is not set up, or turns us away, is not waited for.

    Returns:
        Whether the database is an adopted one: its reference tables are upstream's own (design 12).

    Raises:
        SettingsError: a setting is missing.
        UnreachableError: the database or the broker did not answer in time.
        RefusedError: one of them turns us away.
        NotSetUpError: the database is not at our revision, or topics are missing.
    """
    deadline = asyncio.get_running_loop().time() + settings.startup_timeout.total_seconds()
    adopted = await _patiently(lambda: _database(settings), deadline)
    await _patiently(lambda: _broker(settings), deadline)
    return adopted


async def _patiently(look: Callable[[], Awaitable[T]], deadline: float) -> T:
    clock = asyncio.get_running_loop().time
    said, said_at = "", 0.0
    while True:
        try:
            return await look()
        except UnreachableError as error:
            if clock() + PAUSE_SECONDS > deadline:
                raise
            if str(error) != said or clock() - said_at > REMIND_SECONDS:
                said, said_at = str(error), clock()
                logger.warning("waiting up to %.0f s: %s", deadline - clock(), error)
        await asyncio.sleep(PAUSE_SECONDS)


async def _database(settings: Settings) -> bool:
    async with database.connected(settings) as connection:
        try:
            await migrate.require_head(settings.require_database())
        except MigrationError as error:
            if error.__cause__ is not None and kind_of(error.__cause__) in _PASSING:
                raise UnreachableError(str(error)) from error
            raise NotSetUpError(str(error)) from error
        return await adoption.is_adopted(connection)


async def _broker(settings: Settings) -> None:
    wanted = specs(settings)
    async with broker.admin(settings) as client:
        found = await existing(client, [spec.name for spec in wanted])
    missing = [spec.name for spec in wanted if spec.name not in found]
    if missing:
        raise NotSetUpError(broker.missing_topics(missing))
    commands = wanted[0]
    if found[commands.name].partitions != commands.partitions:
        logger.warning(
            "the topic %s has %d partitions, WALK_TOPIC_PARTITIONS says %d: the topic counts",
            commands.name,
            found[commands.name].partitions,
            commands.partitions,
        )
