"""Dead letters as ops read them: by what is wrong, then one by one."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from uuid import UUID

from service.store.outbox import Headers, unpack_headers

if TYPE_CHECKING:
    from service.store.database import Connection

State = Literal["open", "redriven", "discarded", "all"]

REASON = "split_part(error, ':', 1)"
"""The stable part of an error, in SQL: up to its first colon; what follows tells one letter from another."""


class Wanted(NamedTuple):
    """Which letters are meant; None: any."""

    letter_class: str | None = None
    reason: str | None = None
    """As a group has it, whole."""
    session_id: UUID | None = None
    account_id: UUID | None = None
    topic: str | None = None
    """They came from."""


ANY = Wanted()

WANTED = f"""
  ($1::text IS NULL OR class = $1) AND ($2::text IS NULL OR {REASON} = $2)
  AND ($3::uuid IS NULL OR session_id = $3) AND ($4::uuid IS NULL OR account_id = $4)
  AND ($5::text IS NULL OR topic = $5)
"""
"""A `Wanted` as the first five arguments of a statement."""


class LetterGroup(NamedTuple):
    """Letters with the same thing wrong."""

    letter_class: str
    reason: str
    """The error up to its first colon: what follows tells one letter from another."""
    letters: int
    oldest: datetime
    newest: datetime
    held: int = 0
    """Sessions that they hold."""
    parked: int = 0
    """Commands that are parked behind them."""
    again: int = 0
    """How many of them were redriven and failed again."""


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
    state: str
    attempts: int
    """The redrives that failed again."""
    parked: int
    """Commands that are parked behind it."""
    outcome: str | None
    """Of a settled one: what became of the command, None where it was dropped; so are the following."""
    outcome_reason: str | None
    settled_by: str | None
    settled_reason: str | None
    settled_at: datetime | None

    @property
    def reason(self) -> str:
        """The stable part of its error, which its group has."""
        return self.error.partition(":")[0]


class Letter(NamedTuple):
    """One letter, whole."""

    line: LetterLine
    account_id: UUID | None
    record_timestamp: datetime | None
    key: bytes | None
    headers: Headers
    value: bytes | None
    behind: Sequence[LetterLine] = ()
    """The first of those parked behind it."""


async def groups(connection: "Connection", wanted: Wanted = ANY, state: State = "open") -> list[LetterGroup]:
    """What is wrong, the most frequent first."""
    return [LetterGroup(*row) for row in await connection.fetch(_GROUPS, *wanted, state)]


async def lines(
    connection: "Connection", limit: int, wanted: Wanted = ANY, state: State = "open"
) -> list[LetterLine]:
    """The newest; of open ones those that are at fault themselves, unless the class `parked` is wanted."""
    return [LetterLine(*row) for row in await connection.fetch(_LINES, *wanted, state, limit)]


async def held(connection: "Connection") -> int:
    """How many sessions are held."""
    return int(await connection.fetchval("SELECT count(*) FROM l1_walk_held"))


async def find(connection: "Connection", beginning: str) -> list[LetterLine]:
    """The letters whose id begins so, of any state; two at most, which is enough to see that it is not one."""
    digits = beginning.lower().replace("-", "")
    first, last = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
    return [LetterLine(*row) for row in await connection.fetch(_FIND, first, last)]


async def whole(connection: "Connection", line: LetterLine, behind: int) -> Letter | None:
    """All of this letter, with so many of those that are parked behind it; None: it is gone meanwhile."""
    row: Any = await connection.fetchrow(_WHOLE, line.id)
    if row is None:
        return None
    account_id, timestamp, key, headers, value = row
    unpacked = () if headers is None else unpack_headers(headers)
    parked = [LetterLine(*row) for row in await connection.fetch(_BEHIND, line.id, behind)]
    return Letter(line, account_id, timestamp, key, unpacked, value, parked)


_LISTED = f"""
  {WANTED} AND ($6 = 'all' OR state = $6) AND (state <> 'open' OR parked_behind IS NULL OR $1 = 'parked')
"""

_GROUPS = f"""
WITH behind AS (
  SELECT parked_behind AS id, count(*) AS parked FROM l1_walk_dead_letters
  WHERE state = 'open' AND parked_behind IS NOT NULL GROUP BY parked_behind
)
SELECT class, {REASON} AS reason, count(*), min(created_at), max(created_at),
  count(DISTINCT h.session_id), coalesce(sum(b.parked), 0)::bigint, count(*) FILTER (WHERE attempts > 0)
FROM (SELECT * FROM l1_walk_dead_letters WHERE {_LISTED}) AS l
LEFT JOIN behind AS b ON b.id = l.id LEFT JOIN l1_walk_held AS h ON h.dead_letter_id = l.id
GROUP BY class, reason ORDER BY count(*) DESC, class, reason
"""  # noqa: S608  made of constants

COLUMNS = """
  id, class, error, session_id, topic, partition, "offset", created_at, parked_behind, state, attempts,
  (SELECT count(*) FROM l1_walk_dead_letters AS b WHERE b.parked_behind = l.id AND b.state = 'open'),
  outcome, outcome_reason, settled_by, settled_reason, settled_at
"""
"""Of a `LetterLine`, of the table as `l`."""

_LINES = f"""
SELECT {COLUMNS} FROM l1_walk_dead_letters AS l WHERE {_LISTED}
ORDER BY created_at DESC, topic, partition, "offset" DESC LIMIT $7
"""  # noqa: S608  made of constants

_FIND = f"""
SELECT {COLUMNS} FROM l1_walk_dead_letters AS l WHERE id BETWEEN $1 AND $2 ORDER BY id LIMIT 2
"""  # noqa: S608  made of constants

_WHOLE = "SELECT account_id, record_timestamp, key, headers, value FROM l1_walk_dead_letters WHERE id = $1"

_BEHIND = f"""
SELECT {COLUMNS} FROM l1_walk_dead_letters AS l WHERE parked_behind = $1 AND state = 'open'
ORDER BY partition, "offset" LIMIT $2
"""  # noqa: S608  made of constants
