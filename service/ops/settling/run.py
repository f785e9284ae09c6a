"""Settling lot after lot: sent at a pace, each waited for, and a lot of which nothing goes through is given up."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from l1_walk_contracts import SettleVerb
from service.ops.dead_letters import LetterGroup, LetterLine
from service.ops.settling.choice import Lot
from service.ops.settling.pace import Pace, Silence
from service.ops.settling.post import Post, Posted
from service.ops.settling.results import End, Look, Result, look

if TYPE_CHECKING:
    from service.store.database import Connection

GIVEN_UP_AFTER = 5
"""So many in a row that failed again, and the rest of their lot stays; before one went through, no more are sent."""
IN_FLIGHT = 200
"""Letters that may wait for their result."""
STALLED_SECONDS = 3.0
"""Without any progress for so long, somebody looks whether there is a worker."""
_LOOK_SECONDS = (0.05, 0.5)


class Order(NamedTuple):
    """What is wished for."""

    verb: SettleVerb
    topic: str
    """The commands topic."""
    keep_going: bool = False
    """Also where the first ones fail again."""
    patience: float = 60.0
    """Seconds without any progress after which no more is waited."""


class GivenUp(NamedTuple):
    """A lot of which the first ones, or many in a row, failed again."""

    group: LetterGroup
    left: int
    """Letters of it that were not sent."""


class Stalled(NamedTuple):
    """Nothing was handled for some time."""

    sent: int
    """Commands that wait."""
    workers: int | None
    """How many are in the consumer group; None where nobody can tell."""


@dataclass(slots=True)
class Tally:
    """What was done so far; it stands also where an error or Ctrl-C ends it."""

    sent: int = 0
    unhandled: int = 0
    """Of these, those whose result is not known."""
    ends: Counter[End] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    """Of those that went through."""
    held_again: int = 0
    """Settled ones whose session is held again, behind a command that was parked."""
    left: int = 0
    """Not sent, since their lot was given up."""
    unsent: int = 0
    """Not sent, since nothing was handled for too long."""

    @property
    def settled(self) -> int:
        """Those whose final result is known."""
        return self.ends.total()

    def count(self, result: Result) -> None:
        """One more."""
        self.ends[result.end] += 1
        if result.outcome is not None:
            self.outcomes[result.outcome] += 1
        self.held_again += result.behind is not None


Note = Result | GivenUp | Stalled


class Settling:
    """One run.

    Args:
        order: what is wished for.
        connection: reads letters and results.
        post: sends.
        pace: how fast.
        workers: how many there are; asked where nothing moves.
        tally: counts.
    """

    def __init__(
        self,
        order: Order,
        connection: "Connection",
        post: Post,
        pace: Pace,
        workers: Callable[[], Awaitable[int | None]],
        tally: Tally,
    ) -> None:
        self._order = order
        self._connection = connection
        self._post = post
        self._pace = pace
        self._workers = workers
        self._tally = tally
        self._waiting: dict[UUID, Posted] = {}
        self._silence = Silence()
        self._told = False

    async def run(self, lots: Sequence[Lot]) -> AsyncGenerator[Note, None]:
        """Settle them; yields each result as it is known, and what a person should know meanwhile.

        It ends with commands that were sent and not handled where the patience did.

        Raises:
            UnreachableError, RefusedError: broker or database; the tally stands.
        """
        wanted = sum(lot.group.letters for lot in lots)
        for lot in lots:
            async for note in self._settle(lot):
                yield note
            if self._waiting:
                self._tally.unsent = max(0, wanted - self._tally.sent - self._tally.left)
                return

    async def _settle(self, lot: Lot) -> AsyncGenerator[Note, None]:
        sent, in_a_row, careful, more = 0, 0, self._is_careful, True
        self._silence, self._told, delay = Silence(), False, _LOOK_SECONDS[0]
        while more or self._waiting:
            if more:
                room = (GIVEN_UP_AFTER - in_a_row if careful else IN_FLIGHT) - len(self._waiting)
                posted, more = await self._send(lot, room)
                sent += posted
            found = await self._look()
            for result in found.results:
                yield result
                if result.end is End.GONE:
                    continue
                failed = result.end in {End.FAILED_AGAIN, End.REFUSED}
                in_a_row = in_a_row + 1 if failed else 0
                careful = careful and failed
            if more and self._is_careful and in_a_row >= GIVEN_UP_AFTER:
                more = False
                if left := max(0, lot.group.letters - sent):
                    self._tally.left += left
                    yield GivenUp(lot.group, left)
            if self._waiting and not found.results:
                if (stalled := await self._stalled()) is not None:
                    yield stalled
                if self._silence.seconds > self._order.patience:
                    return
            delay = _LOOK_SECONDS[0] if found.results else min(delay * 2, _LOOK_SECONDS[1])
            await asyncio.sleep(delay)

    @property
    def _is_careful(self) -> bool:
        return self._order.verb is SettleVerb.REDRIVE and not self._order.keep_going

    async def _send(self, lot: Lot, room: int) -> tuple[int, bool]:
        """How many were sent, and whether there may be more."""
        number = self._pace.due(room)
        letters: list[LetterLine] = []
        while len(letters) < number and (letter := await anext(lot.letters, None)) is not None:
            letters.append(letter)
        if letters:
            posted = await self._post.send(letters)
            self._tally.sent += len(posted)
            self._waiting.update({one.letter.id: one for one in posted})
            self._tally.unhandled = len(self._waiting)
        return len(letters), len(letters) == number

    async def _look(self) -> Look:
        if not self._waiting:
            return Look([], {})
        found = await look(self._connection, self._order.topic, self._order.verb, self._waiting.values())
        for result in found.results:
            del self._waiting[result.letter.id]
            self._tally.count(result)
        self._tally.unhandled = len(self._waiting)
        self._silence.heard((self._tally.sent, self._tally.settled, found.progress))
        return found

    async def _stalled(self) -> Stalled | None:
        """Said once until something moves."""
        if self._silence.seconds < STALLED_SECONDS:
            self._told = False
        elif not self._told:
            self._told = True
            return Stalled(len(self._waiting), await self._workers())
        return None
