"""What nobody could read, or we failed on, whole as received (design 3 and 4)."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from l1_walk_contracts import DeadLetterClass
from service.store.database import Connection
from service.store.outbox import Headers, pack_headers


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
    letter_class: DeadLetterClass
    error: str
    """Why: one stable short text a kind of fault."""


async def add(connection: Connection, letters: Sequence[DeadLetter]) -> None:
    """Keep these; one that is there already (a database put back to an earlier point) stays as it is."""
    columns: list[list[object]] = [list(column) for column in zip(*letters, strict=True)]
    columns[_HEADERS] = [pack_headers(letter.headers) for letter in letters]
    await connection.execute(_ADD, *columns)


_HEADERS = DeadLetter._fields.index("headers")

_ADD = """
INSERT INTO l1_walk_dead_letters
  (id, topic, partition, "offset", record_timestamp, key, headers, value, session_id, account_id, class, error)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::bigint[], $5::timestamptz[], $6::bytea[], $7::bytea[],
                     $8::bytea[], $9::uuid[], $10::uuid[], $11::text[], $12::text[])
ON CONFLICT (topic, partition, "offset") DO NOTHING
"""
