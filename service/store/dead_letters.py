"""What nobody could read, or we failed on, whole as received, and what is parked behind it (design 3, 4; 9, rule 4)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from l1_walk_contracts import DeadLetterState, Outcome
from service.store.database import Connection
from service.store.outbox import Headers, pack_headers, unpack_headers

PARKED = "parked"
"""What stands in the column `class` of a letter that is no fault itself: it waits behind one."""


class DeadLetter(NamedTuple):
    """A record that was put aside."""

    id: UUID
    topic: str
    partition: int
    offset: int
    record_timestamp: datetime | None
    key: bytes | None
    headers: Headers
    value: bytes | None
    session_id: UUID | None
    account_id: UUID | None
    letter_class: str
    """A `DeadLetterClass`, or `PARKED`."""
    error: str
    """Why: one stable short text a kind of fault."""
    parked_behind: UUID | None = None
    """The dead letter of the same session that it waits behind."""


class Standing(NamedTuple):
    """A letter as it stands in the table."""

    letter: DeadLetter
    state: DeadLetterState


class Queued(NamedTuple):
    """A letter that is to be run, and what it costs to hold it."""

    id: UUID
    size: int
    """Bytes of its record."""


class Settled(NamedTuple):
    """What became of a letter's command."""

    id: UUID
    outcome: Outcome | None
    """None: it was not run."""
    outcome_reason: str | None


async def add(connection: Connection, letters: Sequence[DeadLetter]) -> None:
    """Keep these, open. One that is there already, since its record was read before, is as it now turned out."""
    columns: list[list[object]] = [list(column) for column in zip(*letters, strict=True)]
    columns[_HEADERS] = [pack_headers(letter.headers) for letter in letters]
    await connection.execute(_ADD, *columns)


async def lock(connection: Connection, id_: UUID) -> Standing | None:
    """One letter, locked until the transaction ends; None where there is none."""
    row = await connection.fetchrow(_LOCK, id_)
    return None if row is None else _standing(row)


async def lock_queue(connection: Connection, id_: UUID) -> list[Queued]:
    """A letter and the open ones that are parked behind it, in the order in which they came, locked likewise."""
    return [Queued(*row) for row in await connection.fetch(_LOCK_QUEUE, id_)]


async def read(connection: Connection, ids: Sequence[UUID]) -> list[DeadLetter]:
    """These letters whole, in the same order."""
    return [_standing(row).letter for row in await connection.fetch(_READ, ids)]


async def settle(
    connection: Connection, state: DeadLetterState, settled: Sequence[Settled], by: str, reason: str | None
) -> None:
    """These letters are open no more: who settled them, why, and what became of each."""
    columns = map(list, zip(*settled, strict=True))
    await connection.execute(_SETTLE, state, by, reason, *columns)


async def failed_again(connection: Connection, id_: UUID) -> None:
    """Count an attempt at the letter that came to nothing."""
    await connection.execute(
        "UPDATE l1_walk_dead_letters SET attempts = attempts + 1, updated_at = now() WHERE id = $1", id_
    )


_COLUMNS = """id, topic, partition, "offset", record_timestamp, key, headers, value, session_id, account_id, class,
  error, parked_behind"""
_HEADERS = DeadLetter._fields.index("headers")


def _standing(row: Any) -> Standing:
    *columns, state = row
    packed = columns[_HEADERS]
    columns[_HEADERS] = () if packed is None else unpack_headers(packed)
    return Standing(DeadLetter._make(columns), DeadLetterState(state))


_ADD = f"""
INSERT INTO l1_walk_dead_letters ({_COLUMNS})
SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::bigint[], $5::timestamptz[], $6::bytea[], $7::bytea[],
                     $8::bytea[], $9::uuid[], $10::uuid[], $11::text[], $12::text[], $13::uuid[])
ON CONFLICT (topic, partition, "offset") DO UPDATE SET
  class = excluded.class, error = excluded.error, parked_behind = excluded.parked_behind, state = 'open',
  outcome = NULL, outcome_reason = NULL, settled_by = NULL, settled_reason = NULL, settled_at = NULL, updated_at = now()
"""  # noqa: S608 - made of constants

_LOCK = f"SELECT {_COLUMNS}, state FROM l1_walk_dead_letters WHERE id = $1 FOR UPDATE"  # noqa: S608

_LOCK_QUEUE = """
SELECT id, coalesce(octet_length(key), 0) + coalesce(octet_length(headers), 0) + coalesce(octet_length(value), 0)
FROM l1_walk_dead_letters WHERE id = $1 OR parked_behind = $1 AND state = 'open'
ORDER BY id <> $1, partition, "offset" FOR UPDATE
"""

_READ = f"""
SELECT {_COLUMNS}, state FROM l1_walk_dead_letters
JOIN unnest($1::uuid[]) WITH ORDINALITY AS wanted(id, number) USING (id) ORDER BY number
"""  # noqa: S608

_SETTLE = """
UPDATE l1_walk_dead_letters AS l SET
  state = $1, settled_by = $2, settled_reason = $3, settled_at = now(), updated_at = now(),
  parked_behind = NULL, outcome = s.outcome, outcome_reason = s.outcome_reason
FROM unnest($4::uuid[], $5::text[], $6::text[]) AS s(id, outcome, outcome_reason)
WHERE l.id = s.id
"""
