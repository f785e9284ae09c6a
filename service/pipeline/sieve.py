"""Which commands of a batch the database refuses, found within one transaction (design 9, rule 4).

Sessions do not touch each other, so they are written in small groups, each behind a savepoint: a group that is
refused is split until the session stands alone, and of that session the first command that does not go through is
put aside. All that was read is read once, and there is one commit: where one command in thirty is refused, that costs a
tenth of what it costs to split the batch into transactions (`bench/poison.py`).
"""

from collections.abc import Awaitable, Callable, Sequence

from service.pipeline.decode import Decoded
from service.pipeline.failure import Fault, classify, locate
from service.pipeline.fold import Effects, Fold, Known
from service.store.database import Connection

GROUP = 8
"""Sessions written together at first."""

Write = Callable[[Connection, Effects], Awaitable[None]]


class _Undone(Exception):  # noqa: N818 - it is no error
    """Rolls a trial back."""


class Sieve:
    """Writes what can be written of a batch.

    Args:
        fold: decides.
        write: writes what commands came to.
    """

    def __init__(self, fold: Fold, write: Write) -> None:
        self._fold = fold
        self._write = write

    async def run(self, connection: Connection, decoded: Sequence[Decoded], known: Known) -> Effects:
        """Write what the records come to, those put aside that the database refuses.

        Returns:
            What was written, the messages in the order in which they are to leave.

        Raises:
            Whatever asyncpg raises that is not the fault of a single command.
        """
        by_session: dict[object, list[Decoded]] = {}
        for one in decoded:
            by_session.setdefault(one.session_id or (one.partition, one.offset), []).append(one)
        sessions = list(by_session.values())
        total = Effects()
        for first in range(0, len(sessions), GROUP):
            await self._sift(connection, sessions[first : first + GROUP], known, total)
        total.messages.sort(key=lambda message: message[:3])
        return total

    async def _sift(
        self,
        connection: Connection,
        sessions: Sequence[list[Decoded]],
        known: Known,
        total: Effects,
        *,
        refused: bool = False,
    ) -> bool:
        """Write what can be written of these sessions; `refused`: they are known not to go through together.

        Returns:
            Whether anything of them was refused.
        """
        error = None if refused else await self._written(connection, sessions, known, total)
        if error is None and not refused:
            return False
        if len(sessions) == 1:
            await self._put_aside(connection, sessions[0], known, total, error)
            return True
        middle = len(sessions) // 2
        first = await self._sift(connection, sessions[:middle], known, total)
        await self._sift(connection, sessions[middle:], known, total, refused=not first)
        return True

    async def _written(
        self, connection: Connection, sessions: Sequence[list[Decoded]], known: Known, total: Effects
    ) -> Exception | None:
        """Write these sessions together; else what the database says against them."""
        try:
            effects = self._fold([one for records in sessions for one in records], known)
            async with connection.transaction():
                await self._write(connection, effects)
        except Exception as error:
            if classify(error) is not Fault.DATA:
                raise
            return error
        _add(total, effects)
        return None

    async def _put_aside(
        self,
        connection: Connection,
        records: list[Decoded],
        known: Known,
        total: Effects,
        error: Exception | None,
    ) -> None:
        """Find the first command of a session that is refused; what follows it is parked behind it.

        Without the `error` that the session met, it is tried once more: nothing is put aside on a guess.
        """
        if error is None and (error := await self._written(connection, [records], known, total)) is None:
            return
        good, bad = 0, len(records)
        while bad - good > 1:
            middle = (good + bad) // 2
            refusal = await self._refusal(connection, records[:middle], known)
            if refusal is None:
                good = middle
            else:
                bad, error = middle, refusal
        aside = [*records[:good], records[good].failing(locate(error)), *records[good + 1 :]]
        effects = self._fold(aside, known)
        await self._write(connection, effects)
        _add(total, effects)

    async def _refusal(
        self, connection: Connection, records: Sequence[Decoded], known: Known
    ) -> Exception | None:
        """What the database says against these records of a session; nothing of them stays written."""
        try:
            async with connection.transaction():
                await self._write(connection, self._fold(records, known))
                raise _Undone
        except _Undone:
            return None
        except Exception as error:
            if classify(error) is not Fault.DATA:
                raise
            return error


def _add(total: Effects, effects: Effects) -> None:
    total.started += effects.started
    total.changed += effects.changed
    total.messages += effects.messages
    total.dead_letters += effects.dead_letters
    total.results += effects.results
