"""The upkeep: a task in each worker, of which one at a time works (design 9, rules 7 and 8).

Whoever has the lock works. The lock belongs to the connection that all of the work is done on, so who loses the one
loses the other, and a worker that is frozen or cut off is followed by another within two minutes. Nobody waits for the
upkeep, and what it fails at is nothing to restart a worker for: it is said once, and tried again.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import NamedTuple

from aiokafka import AIOKafkaProducer

from service.ops.errors import PreflightError
from service.ops.metrics import Metrics
from service.ops.upkeep.known_types import KnownTypes
from service.ops.upkeep.outgoing import Outgoing
from service.ops.upkeep.retention import Retention
from service.ops.upkeep.sweeper import Sweeper
from service.pipeline.conditions import Conditions
from service.pipeline.failure import Fault, classify, describe
from service.settings import Settings
from service.store import expiry
from service.store.database import Connection, Database

logger = logging.getLogger(__name__)

IDLE_SECONDS = 120.0
"""A connection that does nothing for longer, though the upkeep comes round, is of a worker that is frozen."""
STOP_SECONDS = 2.0

Round = Callable[[Connection], Awaitable[int]]


class Duty(NamedTuple):
    """One thing to look after."""

    name: str
    """What it does, in words: what fails is said to fail at that."""
    round: Round
    """Does some of it, bounded; how much was done."""


def duties(settings: Settings, new_producer: Callable[[], AIOKafkaProducer]) -> list[Duty]:
    """All that is to be looked after.

    Args:
        settings: of the worker.
        new_producer: makes a producer, not started.
    """
    outgoing = Outgoing(new_producer)
    inbox = Retention(expiry.expire_inbox, settings.inbox_retention)
    letters = Retention(expiry.expire_dead_letters, settings.dead_letter_retention)
    found = [
        Duty("forgetting commands of ended walks", inbox.round),
        Duty("removing old dead letters", letters.round),
        Duty("redriving dead letters of types known now", KnownTypes(settings, outgoing).round),
    ]
    if settings.idle_after is not None:
        found.append(Duty("abandoning idle walks", Sweeper(settings, settings.idle_after, outgoing).round))
    return found


class Upkeep:
    """Does the duties in turn, round after round, while no other worker does.

    Args:
        database: migrated.
        duties: what is to be done.
        interval: between two rounds, and between two attempts to become the one who does them.
        metrics: is told what was done, and what failed.
    """

    def __init__(
        self, database: Database, duties: Sequence[Duty], interval: timedelta, metrics: Metrics
    ) -> None:
        self._database = database
        self._duties = duties
        self._interval = interval.total_seconds()
        self._metrics = metrics
        self._conditions = Conditions()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look whether there is anything to do."""
        self._task = asyncio.create_task(self._run(), name="upkeep")

    async def stop(self) -> None:
        """Stop where it is: nothing of it is needed to be in order."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=STOP_SECONDS)

    async def _run(self) -> None:
        while True:
            try:
                async with self._database.beside(
                    idle_seconds=IDLE_SECONDS + 2 * self._interval
                ) as connection:
                    await self._work(connection)
            except Exception as error:
                self._failed("upkeep", error)
            self._metrics.upkeep_here(False)
            await self._pause()

    async def _work(self, connection: Connection) -> None:
        """Do rounds on a connection for as long as it lives, if the lock can be had."""
        is_ours = await connection.fetchval(BECOME_THE_ONE)
        self._conditions.end("upkeep")
        if not is_ours:
            return
        logger.info("the upkeep is this worker's now")
        self._metrics.upkeep_here(True)
        while True:
            for duty in self._duties:
                await self._do(duty, connection)
            await self._pause()

    async def _do(self, duty: Duty, connection: Connection) -> None:
        try:
            done = await duty.round(connection)
        except Exception as error:
            if connection.is_closed():
                raise
            self._failed(duty.name, error)
        else:
            self._conditions.end(duty.name)
            self._metrics.upkeep_done(duty.name, done)

    def _failed(self, what: str, error: Exception) -> None:
        logger.debug("%s failed", what, exc_info=error)
        self._metrics.failed("upkeep", error)
        said = str(error) if isinstance(error, PreflightError) else describe(error)
        foreseen = isinstance(error, PreflightError) or classify(error) is not Fault.DATA
        self._conditions.begin(what, said, level=logging.WARNING if foreseen else logging.ERROR)

    async def _pause(self) -> None:
        await asyncio.sleep(self._interval * random.uniform(0.8, 1.2))  # noqa: S311 - spreads attempts


BECOME_THE_ONE = """
SELECT pg_try_advisory_lock(('l1_walk_sessions'::regclass::oid::bigint << 16) | 7683)
"""
"""Of this schema's tables: two deployments in one database do not keep each other from it."""
