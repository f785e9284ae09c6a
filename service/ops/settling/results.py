"""What became of the letters whose commands were sent, read from the letters themselves."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from l1_walk_contracts import DeadLetterState, SettleVerb
from service.ops.dead_letters import LetterLine
from service.ops.settling.post import Posted

if TYPE_CHECKING:
    from service.store.database import Connection


class End(StrEnum):
    """How it ended with a letter."""

    REDRIVEN = "redriven"
    """It went through; the outcome says what became of the command."""
    DISCARDED = "discarded"
    FAILED_AGAIN = "failed_again"
    """It stays, with the new error, and its session stays held."""
    GONE = "gone"
    """It was erased with its account."""
    REFUSED = "refused"
    """The worker handled our command and let the letter be: it rejected it, or failed on the command itself."""


class Result(NamedTuple):
    """The final result for one letter."""

    letter: LetterLine
    """As it was before."""
    end: End
    outcome: str | None = None
    outcome_reason: str | None = None
    error: str | None = None
    """Why it failed again."""
    behind: UUID | None = None
    """The letter that holds its session now: a command that was parked, and failed in its turn."""
    behind_error: str | None = None

    def good(self, verb: SettleVerb) -> bool:
        """Whether all is as it was wished for."""
        wished = End.REDRIVEN if verb is SettleVerb.REDRIVE else End.DISCARDED
        return self.end in {wished, End.GONE} and self.behind is None


class Look(NamedTuple):
    """One look at the letters that are waited for."""

    results: Sequence[Result]
    progress: dict[int, int | None]
    """How far their partitions are."""


async def look(connection: "Connection", topic: str, verb: SettleVerb, waiting: Iterable[Posted]) -> Look:
    """The results that are there, by one statement, so that letters and progress are of one moment."""
    posted = {one.letter.id: one for one in waiting}
    columns = zip(*((id_, one.letter.partition, one.offset) for id_, one in posted.items()), strict=True)
    rows = [_Row(*row) for row in await connection.fetch(_LOOK, topic, *map(list, columns))]
    found = (_result(posted[row.id].letter, verb, row) for row in rows)
    return Look(
        [result for result in found if result is not None],
        {posted[row.id].letter.partition: row.next_offset for row in rows},
    )


class _Row(NamedTuple):
    id: UUID
    state: str | None
    outcome: str | None
    outcome_reason: str | None
    attempts: int | None
    error: str | None
    behind: UUID | None
    behind_error: str | None
    next_offset: int | None
    handled: bool | None


def _result(letter: LetterLine, verb: SettleVerb, row: _Row) -> Result | None:
    if row.state is None:
        return Result(letter, End.GONE)
    if row.state != DeadLetterState.OPEN:
        end = End.REDRIVEN if row.state == DeadLetterState.REDRIVEN else End.DISCARDED
        return Result(letter, end, row.outcome, row.outcome_reason, None, row.behind, row.behind_error)
    if verb is SettleVerb.REDRIVE and (row.attempts or 0) > letter.attempts:
        return Result(letter, End.FAILED_AGAIN, error=row.error)
    return Result(letter, End.REFUSED) if row.handled else None


_LOOK = """
SELECT s.id, l.state, l.outcome, l.outcome_reason, l.attempts, l.error, n.id, n.error,
  p.next_offset, p.next_offset > s."offset"
FROM unnest($2::uuid[], $3::int[], $4::bigint[]) WITH ORDINALITY AS s(id, partition, "offset", number)
LEFT JOIN l1_walk_progress AS p ON p.topic = $1 AND p.partition = s.partition
LEFT JOIN l1_walk_dead_letters AS l ON l.id = s.id
LEFT JOIN l1_walk_held AS h ON h.session_id = l.session_id AND h.dead_letter_id <> l.id
LEFT JOIN l1_walk_dead_letters AS n ON n.id = h.dead_letter_id
ORDER BY s.number
"""
