"""`walk demo` without its words: traffic through a worker on the embedded stack, and the check of what came of it."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from l1_walk_contracts import Topics
from service.dev.errors import StackError
from service.dev.simulation.check import Found, Report, compare, look
from service.dev.simulation.expected import Traffic
from service.dev.simulation.publish import publish
from service.dev.worker import WorkerProcess
from service.domain.rules import Rules
from service.ops import database
from service.ops.status import read_kept
from service.ops.walks import Told, find
from service.settings import Settings

PATIENCE_SECONDS = 60.0
"""How long the worker may handle nothing before the demo gives up."""
_LOOK_SECONDS = 0.05
_SHORT = 200

OnProgress = Callable[[int, int], None]
"""Told how many records were sent and how many were handled so far."""


@dataclass(frozen=True)
class Result:
    """What a run came to; `seconds` from the first record sent until all was handled and published."""

    traffic: Traffic
    seconds: float
    report: Report
    example: Told | None
    """One of its walks, for a person to read."""

    @property
    def commands_per_second(self) -> float:
        """End to end, one worker."""
        return len(self.traffic.records) / self.seconds


async def pass_through(
    traffic: Traffic, settings: Settings, worker: WorkerProcess, on_progress: OnProgress
) -> float:
    """Send the traffic and wait until all of it is handled and what came of it published; the seconds it took.

    Raises:
        StackError: the worker ended, or handles nothing any more.
        PreflightError: database or broker do not answer.
    """
    topic = Topics(settings.topic_prefix).commands
    sent, began = 0, time.monotonic()

    def count(number: int) -> None:
        nonlocal sent
        sent = number

    sending = asyncio.create_task(publish(traffic.records, settings, topic, on_progress=count))
    try:
        async with database.connected(settings) as connection:
            patience = _Patience(len(traffic.records))
            while True:
                all_sent = sending.done()
                kept = await read_kept(connection, topic)
                handled = sum(row.next_offset or 0 for row in kept.progress)
                on_progress(sent, handled)
                if all_sent:
                    await sending
                    if handled >= len(traffic.records) and not kept.outbox.count:
                        return time.monotonic() - began
                worker.check()
                patience.check(handled, kept.outbox.count)
                await asyncio.sleep(_LOOK_SECONDS)
    finally:
        sending.cancel()


async def verdict(traffic: Traffic, settings: Settings, seconds: float) -> Result:
    """Read what stands in the database and on the topics, and compare.

    Raises:
        PreflightError: database or broker do not answer.
    """
    found = await look(settings)
    session_id = telling_walk(found)
    async with database.connected(settings) as connection:
        rules = Rules(active_gap=settings.active_gap)
        example = None if session_id is None else await find(connection, session_id, rules)
    return Result(traffic, seconds, compare(traffic.expected, found), example)


def telling_walk(found: Found) -> UUID | None:
    """The resolved walk that has most to tell in few lines; None where there is none."""
    resolved = (row for row in found.rows.values() if row["status"] == "resolved")
    best = max(resolved, key=_telling, default=None)
    return None if best is None else best["id"]


def _telling(row: Mapping[str, Any]) -> tuple[bool, int, str]:
    """How much a reader gets from it; of equal ones the id decides, so that a seed shows the same walk again."""
    path, notes = row["walked_path"], row["walk_notes"]
    merits = (
        row["session_kind"] == "flow",
        any(entry.get("kind") == "rewind" for entry in path),
        any(entry.get("note") for entry in path),
        len(notes) == 1 and len(notes[0]["text"]) < _SHORT,
        4 <= len(path) <= 6,
    )
    as_told_to_psa = row["ticket_kind"] == "psa" and row["resolved_at"] == row["last_step_at"]
    return as_told_to_psa, sum(merits), str(row["id"])


class _Patience:
    def __init__(self, total: int) -> None:
        self._total = total
        self._last = (-1, -1)
        self._since = time.monotonic()

    def check(self, handled: int, owed: int) -> None:
        if (handled, owed) != self._last:
            self._last, self._since = (handled, owed), time.monotonic()
        elif time.monotonic() - self._since > PATIENCE_SECONDS:
            raise StackError(
                f"The worker stands still: {handled} of {self._total} records handled, {owed} messages still to be"
                f" published, nothing new for {PATIENCE_SECONDS:.0f} seconds."
            )
