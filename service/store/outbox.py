"""The messages owed to Kafka, written with the state they tell of and forgotten once acknowledged (rule 6)."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from service.store.database import Connection

Headers = Sequence[tuple[str, bytes | None]]


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


async def add(connection: Connection, messages: Sequence[Message]) -> None:
    """Owe these messages."""
    rows = [(*m[:_HEADERS], pack_headers(m.headers), *m[_HEADERS + 1 :]) for m in messages]
    await connection.copy_records_to_table("l1_walk_outbox", records=rows, columns=Message._fields)


async def read(
    connection: Connection, partition: int, after: tuple[int, int] = (-1, -1), limit: int = 5000
) -> list[Message]:
    """What is owed for a partition, in order, from behind the place (offset, number) on."""
    rows = await connection.fetch(_READ, partition, *after, limit)
    return [_message(row) for row in rows]


async def forget(connection: Connection, published: Mapping[int, tuple[int, int]]) -> None:
    """Forget what was acknowledged: for each partition all up to the place (offset, number)."""
    partitions = sorted(published)
    offsets, numbers = zip(*(published[p] for p in partitions), strict=True)
    await connection.execute(_FORGET, partitions, offsets, numbers)


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


_READ = """
SELECT partition, "offset", number, topic, target_partition, key, headers, value, session_id, account_id
FROM l1_walk_outbox
WHERE partition = $1 AND ("offset", number) > ($2::bigint, $3::int)
ORDER BY "offset", number LIMIT $4
"""

_FORGET = """
DELETE FROM l1_walk_outbox AS o
USING unnest($1::int[], $2::bigint[], $3::int[]) AS f(partition, "offset", number)
WHERE o.partition = f.partition AND (o."offset", o.number) <= (f."offset", f.number)
"""
