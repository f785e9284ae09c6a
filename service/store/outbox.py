"""The messages owed to Kafka, written with the state they tell of and forgotten once acknowledged (rule 6)."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

import msgspec

from service.store.database import Connection

Headers = Sequence[tuple[str, bytes | None]]

Place: TypeAlias = tuple[int, int]
"""Offset and number: where in its partition's order a message stands."""
START: Place = (-1, -1)

PAGE_ROWS = 5000
PAGE_BYTES = 4 * 1024 * 1024
"""What is read at once: a message may have 2 MiB."""


class Message(NamedTuple):
    """One message owed. Its place (partition, offset, number) is the order in which it leaves."""

    partition: int
    """Of the command that caused it, as is `offset`."""
    offset: int
    number: int
    """Counts what one command caused, from 0."""
    topic: str
    target_partition: int | None
    """None: as the key's hash says."""
    key: bytes | None
    headers: Headers
    value: bytes | None
    session_id: UUID | None
    account_id: UUID | None

    @property
    def place(self) -> Place:
        """Where it stands in its partition's order."""
        return self.offset, self.number


async def add(connection: Connection, messages: Sequence[Message]) -> None:
    """Owe these messages."""
    rows = [(*m[:_HEADERS], pack_headers(m.headers), *m[_HEADERS + 1 :]) for m in messages]
    await connection.copy_records_to_table("l1_walk_outbox", records=rows, columns=Message._fields)


async def owing(connection: Connection, partitions: Collection[int]) -> list[int]:
    """Those of the partitions of which anything is owed, in the order of their numbers."""
    await connection.execute(_BY_INDEX)
    return [row[0] for row in await connection.fetch(_OWING, sorted(partitions))]


async def read(
    connection: Connection,
    partition: int,
    after: Place = START,
    *,
    rows: int = PAGE_ROWS,
    size: int = PAGE_BYTES,
) -> list[Message]:
    """What is owed for a partition, in order, from behind a place on.

    Returns:
        At most so many rows, and no more of them than what reaches `size` bytes; none: nothing more is owed.
    """
    await connection.execute(_BY_INDEX)
    return [_message(row) for row in await connection.fetch(_READ, partition, *after, rows, size)]


async def forget(
    connection: Connection, published: Mapping[int, Place], behind: Mapping[int, Place] | None = None
) -> None:
    """Forget what was acknowledged.

    Args:
        connection: in a transaction.
        published: for each partition the place up to which all is forgotten.
        behind: the places up to which all is known to be forgotten: they are not looked at again. Rows that are
            deleted cost whoever passes them as much as others, until a vacuum may remove them, and a long
            transaction elsewhere (a dump) keeps it from that.
    """
    behind = behind or {}
    partitions = sorted(published)
    offsets, numbers = zip(*(published[p] for p in partitions), strict=True)
    from_offsets, from_numbers = zip(*(behind.get(p, START) for p in partitions), strict=True)
    await connection.execute(_FORGET, partitions, from_offsets, from_numbers, offsets, numbers)


_HEADERS = Message._fields.index("headers")
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[list[tuple[str, bytes | None]]] = msgspec.msgpack.Decoder(
    list[tuple[str, bytes | None]]
)


def _message(row: Any) -> Message:
    columns = list(row)
    columns[_HEADERS] = unpack_headers(columns[_HEADERS])
    return Message._make(columns)


def pack_headers(headers: Headers) -> bytes:
    """Headers as they are kept: MessagePack, which bears null and any bytes."""
    return _encoder.encode(headers)


def unpack_headers(packed: bytes) -> Headers:
    """What `pack_headers` packed."""
    return _decoder.decode(packed)


_BY_INDEX = "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off"
"""Of a table that grew faster than it was analyzed, PostgreSQL thinks that a partition fits one page: it then reads
and sorts all of the partition for each page of it."""

_OWING = """
SELECT p.partition FROM unnest($1::int[]) AS p(partition)
CROSS JOIN LATERAL (SELECT FROM l1_walk_outbox AS o WHERE o.partition = p.partition LIMIT 1) AS any_row
"""

_READ = """
SELECT partition, "offset", number, topic, target_partition, key, headers, value, session_id, account_id
FROM (
  SELECT *, sum(s.size) OVER (ORDER BY "offset", number) - s.size AS before
  FROM l1_walk_outbox AS o CROSS JOIN LATERAL (
    SELECT coalesce(octet_length(o.key), 0) + coalesce(octet_length(o.headers), 0)
      + coalesce(octet_length(o.value), 0) AS size
  ) AS s
  WHERE partition = $1 AND ("offset", number) > ($2::bigint, $3::int)
  ORDER BY "offset", number LIMIT $4
) AS page
WHERE before < $5::bigint ORDER BY "offset", number
"""

_FORGET = """
DELETE FROM l1_walk_outbox AS o
USING unnest($1::int[], $2::bigint[], $3::int[], $4::bigint[], $5::int[])
  AS f(partition, from_offset, from_number, "offset", number)
WHERE o.partition = f.partition AND (o."offset", o.number) > (f.from_offset, f.from_number)
  AND (o."offset", o.number) <= (f."offset", f.number)
"""
