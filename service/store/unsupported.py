"""Open dead letters of a type that the worker who met them did not know (design 4)."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from l1_walk_contracts import Record
from service.domain.timestamps import milliseconds
from service.store.database import Connection
from service.store.outbox import unpack_headers


class Place(NamedTuple):
    """Where a letter stands among them."""

    created_at: datetime
    id: UUID


class UnsupportedLetter(NamedTuple):
    """One of them."""

    place: Place
    session_id: UUID | None
    partition: int
    attempts: int
    record: Record
    """As it was received."""

    @property
    def id(self) -> UUID:
        """The letter's."""
        return self.place.id


async def find(
    connection: Connection, topic: str, after: Place | None, limit: int
) -> list[UnsupportedLetter]:
    """The first of a topic's behind a place, the oldest first.

    One that failed again is left alone for a while, the longer the more often it was tried: while workers of two
    releases share the partitions, the one who gets it may be the one who does not know it.
    """
    rows = await connection.fetch(_FIND, topic, *(after or (None, None)), limit)
    return [
        UnsupportedLetter(
            Place(created_at, id_),
            session_id,
            partition,
            attempts,
            Record(key, value, unpack_headers(headers) if headers else (), milliseconds(timestamp)),
        )
        for created_at, id_, session_id, partition, attempts, key, value, headers, timestamp in rows
    ]


_FIND = """
SELECT created_at, id, session_id, partition, attempts, key, value, headers, record_timestamp
FROM l1_walk_dead_letters
WHERE state = 'open' AND parked_behind IS NULL AND class = 'unsupported' AND topic = $1
  AND (attempts = 0 OR updated_at < now() - least(interval '1 day', interval '1 minute' * 2 ^ least(attempts, 11)))
  AND ($2::timestamptz IS NULL OR (created_at, id) > ($2::timestamptz, $3::uuid))
ORDER BY created_at, id LIMIT $4
"""
