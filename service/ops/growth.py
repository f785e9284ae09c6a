"""Making the commands topic larger, so that each session finds its home anew (design 3).

A session's commands are in one partition, and by its key the same session falls into another one where there are
more. So while nothing waits anywhere, and no worker can move, all sessions forget their home and the partitions are
made; the next command of each, wherever it comes from, settles where it lives from then on.

The topics by session grow along. Those of the PSA do not: their key is the ticket, and a ticket's walks would reach
another connector instance. Nor does the references topic, where compaction would keep the word before the last.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.errors import BrokerResponseError, IncompatibleBrokerVersion

from l1_walk_contracts.topics import Topics
from service.ops import broker, database
from service.ops.broker import Extent
from service.ops.errors import NotSoError
from service.pipeline.peek import holding
from service.settings import Settings
from service.store.errors import words

if TYPE_CHECKING:
    from service.store.database import Connection

STEP_ROWS = 10_000
"""Sessions that forget their home in one transaction, which holds the workers up."""
PATIENCE_SECONDS = 30.0
"""How long commands may keep arriving before it is given up."""
PAUSE_SECONDS = 0.5
VISIBLE_SECONDS = 15.0
"""How long partitions that were made may take until the brokers tell of them."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Growth:
    """What growing would do, and what is in its way."""

    partitions: int
    grown: Mapping[str, int]
    """The topics that grow, and how many partitions each has now; the commands topic last."""
    kept: Mapping[str, int]
    """The topics that stay as they are."""
    sessions: int
    """Those that have a home."""
    obstacles: tuple[str, ...]


class _WaitsError(Exception):
    """Something waits to be handled or published; the text says what."""


async def look(settings: Settings, partitions: int) -> Growth:
    """What growing to so many partitions would do; nothing is done.

    Raises:
        NotSoError: a topic has more partitions already.
        SettingsError, UnreachableError, RefusedError, NotSetUpError: as `read_progress`.
    """
    topics = Topics(settings.topic_prefix)
    by_session = (topics.lifecycle, topics.rejected, topics.dead_letter, topics.commands)
    async with broker.reader(settings) as consumer, database.connected(settings) as connection:
        found = {
            name: len(n) for name, n in (await broker.partitions(consumer._client, *topics.all())).items()
        }
        grown = {name: found[name] for name in by_session}
        larger = [f"{name} has {number} partitions" for name, number in grown.items() if number > partitions]
        if larger:
            raise NotSoError(f"a topic cannot be made smaller: {', '.join(larger)}")
        extents = await broker.extents(consumer, topics.commands)
        obstacles = [
            *await _waiting(settings, connection, topics.commands, extents),
            *await _owed(connection),
        ]
        sessions = await connection.fetchval(_WITH_HOME)
    kept = {name: number for name, number in found.items() if name not in grown}
    return Growth(partitions, grown, kept, sessions, tuple(obstacles))


async def grow(settings: Settings, growth: Growth, moved: Callable[[int], None] = lambda _: None) -> int:
    """Make the topics larger, and let the sessions find their home anew; may be run again where it was interrupted.

    Args:
        settings: of the workers.
        growth: as `look` found it, without obstacles.
        moved: is told how many sessions have forgotten their home by now.

    Returns:
        How many sessions did.

    Raises:
        NotSoError: commands kept arriving, or the broker refuses.
        SettingsError, UnreachableError, RefusedError, NotSetUpError: as `read_progress`.
    """
    topic = Topics(settings.topic_prefix).commands
    async with broker.reader(settings) as consumer, database.connected(settings) as connection:
        still = _Still(settings, connection, consumer, topic)
        sessions = await _forget_in_steps(still, moved)

        async def rest(ends: Mapping[TopicPartition, int]) -> int:
            status = await connection.execute(_FORGET_ALL)
            async with broker.admin(settings) as admin:
                await _create(admin, growth)
            after = await _visible(consumer, growth)
            if any(after[place] != end for place, end in ends.items()):
                raise _WaitsError("commands arrived while the partitions were made")
            return int(status.rpartition(" ")[2])

        return sessions + await still.do(rest, growth.partitions)


async def _forget_in_steps(still: "_Still", moved: Callable[[int], None]) -> int:
    """Most of it beforehand, so that the last step is short: a session that meets a command meanwhile has a home
    again, the one it had."""
    sessions, last = 0, UUID(int=0)

    async def some(_: Mapping[TopicPartition, int]) -> tuple[int, UUID | None]:
        row = await still.connection.fetchrow(_FORGET_SOME, last, STEP_ROWS)
        assert row is not None
        return row["moved"], row["last"]

    while True:
        count, end = await still.do(some)
        sessions += count
        moved(sessions)
        if end is None:
            return sessions
        last = end


class _Still:
    """Does work in transactions during which no worker can move, and nothing waits for one.

    Args:
        settings: where the brokers are.
        connection: to the database.
        consumer: tells where partitions end.
        topic: the commands topic.
    """

    def __init__(
        self, settings: Settings, connection: "Connection", consumer: AIOKafkaConsumer, topic: str
    ) -> None:
        self.connection = connection
        self._settings = settings
        self._consumer = consumer
        self._topic = topic

    async def do(
        self, work: Callable[[Mapping[TopicPartition, int]], Awaitable[T]], partitions: int = 0
    ) -> T:
        """The work's result, given where each partition ends; tried again while commands arrive.

        Args:
            work: raises `_WaitsError` to be undone and tried again.
            partitions: so many are held still, also those that are not there yet.

        Raises:
            NotSoError: they kept arriving.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                async with self.connection.transaction():
                    await self.connection.execute(_ENSURE, self._topic, partitions)
                    await self.connection.execute(_LOCK, self._topic)
                    return await work(await self._ends())
            except _WaitsError as error:
                if time.monotonic() > deadline:
                    raise NotSoError(
                        f"{error}, again and again for {PATIENCE_SECONDS:g} s: let upstream pause, then run it again"
                    ) from None
            await asyncio.sleep(PAUSE_SECONDS)

    async def _ends(self) -> dict[TopicPartition, int]:
        extents = await broker.extents(self._consumer, self._topic)
        reasons = await _waiting(self._settings, self.connection, self._topic, extents)
        reasons += await _owed(self.connection)
        if reasons:
            raise _WaitsError("; ".join(reasons))
        return {place: extent.end for place, extent in extents.items()}


async def _waiting(
    settings: Settings, connection: "Connection", topic: str, extents: Mapping[TopicPartition, Extent]
) -> list[str]:
    """What of the commands topic is not handled, in words; a marker of a transaction is nothing to be handled."""
    progress = dict(map(tuple, await connection.fetch(_PROGRESS, topic)))
    behind = {}
    for place, extent in extents.items():
        following = progress.get(place.partition)
        start = extent.begin if following is None else following
        if start != extent.end:
            behind[place.partition] = (start, extent.end)
    astray = {
        n for n, (start, end) in behind.items() if not extents[TopicPartition(topic, n)].begin <= start <= end
    }
    with broker.explained(settings):
        found = await holding(settings, topic, {n: at for n, at in behind.items() if n not in astray})
    reasons = []
    if found:
        reasons.append(f"commands wait in {_partitions(found)} (walk status)")
    if astray:
        reasons.append(f"the progress of {_partitions(astray)} does not fit the topic (walk progress show)")
    return reasons


async def _owed(connection: "Connection") -> list[str]:
    """What else is not done, in words."""
    row = await connection.fetchrow(_OWED)
    assert row is not None
    told = {
        "outbox": "messages are not published yet: {} (walk status)",
        "held": "sessions are held: {} (walk dead-letters list)",
        "parked": "commands are parked: {} (walk dead-letters list)",
    }
    return [text.format(row[name]) for name, text in told.items() if row[name]]


async def _create(admin: AIOKafkaAdminClient, growth: Growth) -> None:
    wanted = {
        name: NewPartitions(growth.partitions) for name, n in growth.grown.items() if n < growth.partitions
    }
    there = {t["topic"]: len(t["partitions"]) for t in await admin.describe_topics()}
    missing = {name: new for name, new in wanted.items() if there.get(name, 0) < growth.partitions}
    for name, new in missing.items():
        try:
            await admin.create_partitions({name: new})
        except IncompatibleBrokerVersion:
            raise NotSoError("this broker takes no orders (an in-memory one)") from None
        except BrokerResponseError as error:
            raise NotSoError(f"the broker refuses to make {name} larger: {words(error)}") from None


async def _visible(consumer: AIOKafkaConsumer, growth: Growth) -> dict[TopicPartition, int]:
    """Where the commands topic ends, once the brokers tell of all its partitions."""
    topics = tuple(growth.grown)
    commands = topics[-1]
    deadline = time.monotonic() + VISIBLE_SECONDS
    while True:
        found = await broker.partitions(consumer._client, *topics)
        if all(len(numbers) >= growth.partitions for numbers in found.values()):
            extents = await broker.extents(consumer, commands)
            return {place: extent.end for place, extent in extents.items()}
        if time.monotonic() > deadline:
            raise NotSoError(
                f"made, but after {VISIBLE_SECONDS:g} s the broker does not show them: run it again"
            )
        await asyncio.sleep(0.1)


def _partitions(numbers: Collection[int]) -> str:
    several = ", ".join(map(str, sorted(numbers)))
    return f"partition {several}" if len(numbers) == 1 else f"partitions {several}"


_WITH_HOME = "SELECT count(*) FROM l1_walk_sessions WHERE home_partition IS NOT NULL"

_PROGRESS = "SELECT partition, next_offset FROM l1_walk_progress WHERE topic = $1"

_OWED = """
SELECT (SELECT count(*) FROM l1_walk_outbox) AS outbox, (SELECT count(*) FROM l1_walk_held) AS held,
  (SELECT count(*) FROM l1_walk_dead_letters WHERE state = 'open' AND parked_behind IS NOT NULL) AS parked
"""

_ENSURE = """
INSERT INTO l1_walk_progress (topic, partition) SELECT $1, generate_series(0, $2::int - 1) ON CONFLICT DO NOTHING
"""

_LOCK = "SELECT FROM l1_walk_progress WHERE topic = $1 ORDER BY partition FOR UPDATE"

_FORGET_SOME = """
WITH step AS (SELECT id FROM l1_walk_sessions WHERE id > $1 ORDER BY id LIMIT $2),
forgot AS (
  UPDATE l1_walk_sessions AS s SET home_partition = NULL FROM step
  WHERE s.id = step.id AND s.home_partition IS NOT NULL RETURNING 1
)
SELECT (SELECT count(*) FROM forgot) AS moved, (SELECT id FROM step ORDER BY id DESC LIMIT 1) AS last
"""

_FORGET_ALL = "UPDATE l1_walk_sessions SET home_partition = NULL WHERE home_partition IS NOT NULL"
