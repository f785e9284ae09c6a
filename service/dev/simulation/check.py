"""Is all there that must be? Reads the session table and the topics to their ends, and compares."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.dev.simulation.compare import compare_events, compare_sessions
from service.dev.simulation.expected import Expected
from service.dev.simulation.seen import OUTPUTS, Message, Seen, plain_kind
from service.ops import broker, database
from service.settings import Settings


@dataclass(frozen=True)
class Report:
    """What was found: one line for each difference, none where all is well, and figures for people."""

    differences: list[str]
    walks: Counter[str]
    """By status."""
    kinds: Counter[str]
    """Walks by session kind."""
    events: Counter[str]
    """By type, without prefix and version; rejections and dead letters are apart."""
    rejections: Counter[str]
    """By reason."""
    dead_letters: int
    again: int
    """Messages that a consumer sees a second time, with the same id and bytes."""


@dataclass(frozen=True)
class Found:
    """What stands there: rows of `l1_walk_sessions` by id, and what came out on the topics."""

    rows: Mapping[str, Mapping[str, Any]]
    seen: Seen


async def look(settings: Settings) -> Found:
    """Read the session table, and our own topics to their ends.

    Raises:
        PreflightError: the database or the broker does not answer.
    """
    return Found(await _read_sessions(settings), await _read_topics(settings))


def compare(expected: Expected, found: Found) -> Report:
    """What was found against what was expected: pure."""
    rows, seen = found.rows, found.seen
    events = Counter[str]()
    for (kind, _), fields in seen.events.items():
        events[plain_kind(kind)] += len(fields)
    rejections = Counter[str]()
    for rejection, count in seen.rejections.items():
        rejections[rejection.reason] += count
    return Report(
        differences=compare_sessions(expected.sessions, rows) + compare_events(expected, seen),
        walks=Counter(str(row["status"]) for row in rows.values()),
        kinds=Counter(str(row["session_kind"]) for row in rows.values()),
        events=events,
        rejections=rejections,
        dead_letters=seen.dead_letters.total(),
        again=seen.again,
    )


async def _read_sessions(settings: Settings) -> dict[str, Mapping[str, Any]]:
    async with database.connected(settings) as connection:
        await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
        rows = await connection.fetch("SELECT * FROM l1_walk_sessions")
    return {str(row["id"]): dict(row) for row in rows}


async def _read_topics(settings: Settings) -> Seen:
    seen = Seen()
    names = {f"{settings.topic_prefix}.{name}": name for name in OUTPUTS}
    async with broker.reader(settings) as consumer:
        extents = await broker.extents(consumer, *names)
        consumer.assign(list(extents))
        for place, extent in extents.items():
            consumer.seek(place, extent.begin)
        pending = set(extents)
        while pending := {place for place in pending if await consumer.position(place) < extents[place].end}:
            for place, records in (await consumer.getmany(*pending, timeout_ms=500)).items():
                for record in records:
                    seen.add(Message(names[place.topic], record.key, record.value, tuple(record.headers)))
    return seen
