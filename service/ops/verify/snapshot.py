"""What stands in the database at one moment: copied out in one short read-only transaction, which blocks nobody."""

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from l1_walk_contracts import Topics
from service.ops.verify.prints import COLUMNS, print_message, print_row
from service.ops.verify.told import Told
from service.store import adoption
from service.store.outbox import unpack_headers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from service.store.database import Connection

CHUNK = 1_000
"""Rows fetched at a time."""
LARGE_CHUNK = 50
"""Messages and dead letters fetched at a time: one may have 2 MiB."""

Tell = Callable[[int], None]
"""Is told how many rows were read."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What of the database is at hand while commands are decided; the rest is in the spill."""

    at: datetime
    next_offsets: Mapping[int, int]
    """How far each partition was handled; those where nothing was are left out."""
    set_ranges: Mapping[int, Sequence[tuple[int, int]]]
    """Offsets that a person had skipped or read again: from, to before."""
    other_topic: bool
    """Whether this database was filled from another commands topic too."""
    adopted: bool
    erased: Collection[UUID]
    """Accounts that are gone."""
    owed: int
    """Messages of the outbox."""


async def take(
    connection: "Connection", topics: Topics, spill: sqlite3.Connection, told: Told, tell: Tell
) -> Snapshot:
    """Copy all of it to the spill, as of one moment; what is owed is told already."""
    async with _at_one_moment(connection):
        at: datetime = await connection.fetchval("SELECT now()")
        offsets, other_topic = await _progress(connection, topics.commands)
        reader = _Reader(connection, spill, tell)
        await reader.sessions()
        await reader.inbox()
        await reader.letters(topics.commands)
        await reader.holds()
        owed = await reader.outbox(told)
        return Snapshot(
            at,
            offsets,
            await _set_ranges(connection, topics.commands),
            other_topic,
            await adoption.is_adopted(connection),
            {row[0] for row in await connection.fetch(_GONE)},
            owed,
        )


@asynccontextmanager
async def _at_one_moment(connection: "Connection") -> "AsyncIterator[None]":
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(_NO_LIMITS)
        yield


class _Reader:
    """Copies table by table, in chunks."""

    def __init__(self, connection: "Connection", spill: sqlite3.Connection, tell: Tell) -> None:
        self._connection = connection
        self._spill = spill
        self._tell = tell
        self._rows = 0

    async def sessions(self) -> None:
        async for rows in self._chunks(_SESSIONS):
            self._add("kept_sessions", (_session(row) for row in rows), 5)

    async def inbox(self) -> None:
        async for rows in self._chunks(_INBOX):
            self._add("kept_inbox", ((row[0].bytes, *row[1:]) for row in rows), 9)

    async def letters(self, topic: str) -> None:
        async for rows in self._chunks(_LETTERS, topic, chunk=LARGE_CHUNK):
            self._add("kept_letters", (_letter(row) for row in rows), 13)

    async def holds(self) -> None:
        async for rows in self._chunks(_HOLDS):
            self._add("kept_holds", ((row[0].bytes, row[1].bytes, row[2]) for row in rows), 3)

    async def outbox(self, told: Told) -> int:
        owed = 0
        async for rows in self._chunks(_OUTBOX, chunk=LARGE_CHUNK):
            owed += len(rows)
            told.owe([(topic, key, unpack_headers(headers), value) for topic, key, headers, value in rows])
        return owed

    async def _chunks(
        self, query: str, *arguments: object, chunk: int = CHUNK
    ) -> "AsyncIterator[Sequence[Any]]":
        cursor = await self._connection.cursor(query, *arguments)
        while rows := await cursor.fetch(chunk):
            yield rows
            self._rows += len(rows)
            self._tell(self._rows)

    def _add(self, table: str, rows: Iterator[tuple[object, ...]], columns: int) -> None:
        marks = ",".join("?" * columns)
        self._spill.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608  names of ours


async def _progress(connection: "Connection", topic: str) -> tuple[dict[int, int], bool]:
    rows = await connection.fetch("SELECT topic, partition, next_offset FROM l1_walk_progress")
    offsets = {row[1]: row[2] for row in rows if row[0] == topic and row[2] is not None}
    others = {row[0] for row in rows if row[0] != topic and row[0].endswith(".commands") and row[2]}
    return offsets, bool(others)


async def _set_ranges(connection: "Connection", topic: str) -> dict[int, list[tuple[int, int]]]:
    ranges: dict[int, list[tuple[int, int]]] = {}
    for partition, before, after in await connection.fetch(_CHANGES, topic):
        ranges.setdefault(partition, []).append((min(before or 0, after), max(before or 0, after)))
    return ranges


def _session(row: Any) -> tuple[object, ...]:
    values = list(row)
    updated, columns = values.pop(), print_row(values[: len(COLUMNS)])
    home, status = values[COLUMNS.index("home_partition")], values[COLUMNS.index("status")]
    return values[0].bytes, home, status != "active", updated.timestamp(), columns


def _letter(row: Any) -> tuple[object, ...]:
    *columns, behind, session, key, headers, value = row
    id_, partition, offset, class_, error, state, attempts, outcome, reason, settled_by = columns
    content = print_message(key, () if headers is None else unpack_headers(headers), value)
    return (
        partition, offset, id_.bytes, class_, error, state, behind and behind.bytes, attempts, outcome, reason,
        settled_by, session and session.bytes, content,
    )  # fmt: skip


_NO_LIMITS = """
SELECT set_config(name, '0', true) FROM pg_settings
WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')
"""

_SESSIONS = "SELECT {}, updated_at FROM l1_walk_sessions".format(  # noqa: S608  made of constants
    ", ".join(f"{name}::text" if name in ("walked_path", "walk_notes") else name for name in COLUMNS)
)

_INBOX = """
SELECT session_id, source, command_id, digest, outcome, reason, version, origin_partition, origin_offset
FROM l1_walk_inbox
"""

_LETTERS = """
SELECT id, partition, "offset", class, error, state, attempts, outcome, outcome_reason, settled_by, parked_behind,
  session_id, key, headers, value
FROM l1_walk_dead_letters WHERE topic = $1
"""

_HOLDS = "SELECT session_id, dead_letter_id, partition FROM l1_walk_held"

_OUTBOX = 'SELECT topic, key, headers, value FROM l1_walk_outbox ORDER BY partition, "offset", number'

_CHANGES = """
SELECT partition, from_offset, to_offset FROM l1_walk_progress_changes WHERE topic = $1 ORDER BY changed_at
"""

_GONE = """
SELECT r.id FROM l1_walk_references AS r
WHERE r.kind = 'account' AND (r.gone OR NOT EXISTS (SELECT 1 FROM accounts AS a WHERE a.id = r.id))
"""
