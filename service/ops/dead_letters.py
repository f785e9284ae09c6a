"""Dead letters as ops read them: by what is wrong, then one by one."""

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from service.store.outbox import Headers, unpack_headers

if TYPE_CHECKING:
    from service.store.database import Connection


class LetterGroup(NamedTuple):
    """Open letters with the same thing wrong."""

    letter_class: str
    reason: str
    """The error up to its first colon: what follows tells one letter from another."""
    letters: int
    oldest: datetime
    newest: datetime


class LetterLine(NamedTuple):
    """One letter of a list."""

    id: UUID
    letter_class: str
    error: str
    session_id: UUID | None
    topic: str
    partition: int
    offset: int
    created_at: datetime
    """When it was put aside, by the database's clock."""
    parked_behind: UUID | None


class Letter(NamedTuple):
    """One letter, whole."""

    line: LetterLine
    state: str
    account_id: UUID | None
    record_timestamp: datetime | None
    key: bytes | None
    headers: Headers
    value: bytes | None


async def groups(connection: "Connection") -> list[LetterGroup]:
    """What is wrong, the most frequent first."""
    return [LetterGroup(*row) for row in await connection.fetch(_GROUPS)]


async def lines(connection: "Connection", limit: int) -> list[LetterLine]:
    """The newest open letters."""
    return [LetterLine(*row) for row in await connection.fetch(_LINES, limit)]


async def find(connection: "Connection", beginning: str) -> list[Letter]:
    """The letters whose id begins so, of any state; two at most, which is enough to see that it is not one."""
    rows = await connection.fetch(_FIND, beginning.lower())
    return [_letter(*row) for row in rows]


def _letter(*row: object) -> Letter:
    count = len(LetterLine._fields)
    state, account_id, timestamp, key, headers, value = row[count:]
    unpacked = () if headers is None else unpack_headers(headers)  # type: ignore[arg-type]
    return Letter(LetterLine(*row[:count]), state, account_id, timestamp, key, unpacked, value)  # type: ignore[arg-type]


_GROUPS = """
SELECT class, split_part(error, ':', 1) AS reason, count(*), min(created_at), max(created_at)
FROM l1_walk_dead_letters WHERE state = 'open' AND parked_behind IS NULL
GROUP BY class, reason ORDER BY count(*) DESC, class, reason
"""

_COLUMNS = 'id, class, error, session_id, topic, partition, "offset", created_at, parked_behind'

_LINES = f"""
SELECT {_COLUMNS} FROM l1_walk_dead_letters
WHERE state = 'open' AND parked_behind IS NULL ORDER BY created_at DESC, topic, partition, "offset" DESC LIMIT $1
"""  # noqa: S608  made of constants

_FIND = f"""
SELECT {_COLUMNS}, state, account_id, record_timestamp, key, headers, value FROM l1_walk_dead_letters
WHERE id::text LIKE $1 || '%' ORDER BY id LIMIT 2
"""  # noqa: S608  made of constants
