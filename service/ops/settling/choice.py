"""Which dead letters are to be settled: lots of those with the same thing wrong, each in the order they came in."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from service.ops import dead_letters
from service.ops.dead_letters import COLUMNS, WANTED, LetterGroup, LetterLine, Wanted

if TYPE_CHECKING:
    from service.store.database import Connection

PAGE = 500
"""Letters read at once."""


class Lot(NamedTuple):
    """Letters that are at fault themselves, with the same thing wrong: what becomes of one tells of the others."""

    group: LetterGroup
    letters: AsyncIterator[LetterLine]
    """By partition and offset; of a hundred thousand a page is held at a time."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Open letters that are at fault themselves."""

    groups: Sequence[LetterGroup]
    """What is wrong with them, and how often."""
    wanted: Wanted
    before: datetime
    """By the database's clock: what changes later is not meant, such as a parked command that comes to the front
    while this runs, and fails. So a run ends."""
    lines: Sequence[LetterLine] | None = None
    """They themselves, where they were named one by one."""

    @property
    def letters(self) -> int:
        """How many they are."""
        return sum(group.letters for group in self.groups)

    @property
    def parked(self) -> int:
        """How many commands are parked behind them."""
        return sum(group.parked for group in self.groups)

    def lots(self, connection: "Connection") -> list[Lot]:
        """They, to be read as they are needed."""
        if self.lines is None:
            return [Lot(group, _pages(connection, self, group)) for group in self.groups]
        return [Lot(group, _each(lot)) for group, lot in zip(self.groups, _by_fault(self.lines), strict=True)]


async def wanted_ones(connection: "Connection", wanted: Wanted) -> Choice:
    """All that are wanted, of one topic, the most frequent fault first."""
    before: datetime = await connection.fetchval("SELECT clock_timestamp()")
    return Choice(await dead_letters.groups(connection, wanted), wanted, before)


async def named_ones(connection: "Connection", lines: Collection[LetterLine]) -> Choice:
    """These, which are open and at fault themselves."""
    before: datetime = await connection.fetchval("SELECT clock_timestamp()")
    groups = [_group(lot) for lot in _by_fault(lines)]
    return Choice(groups, dead_letters.ANY, before, list(lines))


def _by_fault(lines: Collection[LetterLine]) -> list[list[LetterLine]]:
    def fault(line: LetterLine) -> tuple[str, str]:
        return line.letter_class, line.reason

    in_order = sorted(lines, key=lambda line: (*fault(line), line.partition, line.offset))
    return [list(lot) for _, lot in groupby(in_order, fault)]


def _group(lines: Sequence[LetterLine]) -> LetterGroup:
    ages = [line.created_at for line in lines]
    return LetterGroup(
        lines[0].letter_class,
        lines[0].reason,
        len(lines),
        min(ages),
        max(ages),
        parked=sum(line.parked for line in lines),
        again=sum(line.attempts > 0 for line in lines),
    )


async def _each(lines: Sequence[LetterLine]) -> AsyncIterator[LetterLine]:
    for line in lines:
        yield line


async def _pages(connection: "Connection", choice: Choice, group: LetterGroup) -> AsyncIterator[LetterLine]:
    fault = choice.wanted._replace(letter_class=group.letter_class, reason=group.reason)
    place = (-1, -1)
    while rows := await connection.fetch(_PAGE, *fault, choice.before, *place, PAGE):
        for line in (LetterLine(*row) for row in rows):
            yield line
            place = (line.partition, line.offset)


_PAGE = f"""
SELECT {COLUMNS} FROM l1_walk_dead_letters AS l
WHERE topic = $5 AND {WANTED} AND state = 'open' AND parked_behind IS NULL AND updated_at <= $6
  AND (partition, "offset") > ($7::int, $8::bigint)
ORDER BY topic, partition, "offset" LIMIT $9
"""  # noqa: S608  made of constants
