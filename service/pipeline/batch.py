"""The batch transaction (design 9, rules 1 to 4): everything that a batch does to the database, or nothing."""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import asyncpg

from l1_walk_contracts import Command, Settle
from service.pipeline.decode import Decoded
from service.pipeline.failure import Fault, classify
from service.pipeline.fold import Effects, Fold, Known
from service.pipeline.observer import Observer, Phases
from service.pipeline.references import ReferencePolicy
from service.pipeline.settlement import Settlement
from service.pipeline.sieve import Sieve
from service.pipeline.slices import Committed, Slice, advance, fence
from service.store import dead_letters, held, inbox, outbox, sessions
from service.store.database import Connection, Database
from service.store.dead_letters import PARKED, DeadLetter

logger = logging.getLogger(__name__)

SIEVED = 500
"""Records that one transaction may sift: it takes about a second, and the server ends it after ten."""

Decide = Callable[[Connection, Sequence[Decoded], Known, Phases], Awaitable[Effects]]


class Batch:
    """Runs batches of commands.

    Args:
        database: where state is kept.
        topic: the commands' topic.
        fold: decides.
        references: which ids are known.
        observer: is told of outcomes and of the time each phase took.
    """

    def __init__(
        self, database: Database, topic: str, fold: Fold, references: ReferencePolicy, observer: Observer
    ) -> None:
        self._database = database
        self._topic = topic
        self._fold = fold
        self._references = references
        self._observer = observer
        self._settlement = Settlement(database, topic, fold, references, self._read, self._write)
        self._sieve = Sieve(fold, self._write)
        self._orphans = False
        """Whether the inbox was found to hold commands of a walk that is not there: upstream deleted it."""

    async def run(self, slices: Sequence[Slice[Decoded]]) -> Committed:
        """Handle the slices in one transaction; a command that settles a dead letter stands alone.

        Raises:
            FencedError: a partition is not where this worker left it.
            Whatever asyncpg raises: nothing was done, or, if it came from the commit, it is open whether all was.
        """
        decoded = [one for part in slices for one in part.records]
        if isinstance(decoded[0].message, Settle):
            return await self._settle(slices[0], decoded[0], decoded[0].message)
        try:
            return await self._handle(slices, decoded, self._decide)
        except Exception as error:
            if not 1 < len(decoded) <= SIEVED or classify(error) is not Fault.DATA:
                raise
            logger.debug("a batch was refused: it is sifted", exc_info=error)
        return await self._handle(slices, decoded, self._sift)

    async def _settle(self, part: Slice[Decoded], one: Decoded, command: Settle) -> Committed:
        phases = self._observer.phases()
        committed, outcomes = await self._settlement.run(part, one, command)
        phases.mark("settle")
        self._observer.batch(1, outcomes, phases)
        return committed

    async def _handle(
        self, slices: Sequence[Slice[Decoded]], decoded: Sequence[Decoded], decide: Decide
    ) -> Committed:
        phases = self._observer.phases()
        await self._references.prepare(decoded)
        phases.mark("references")
        async with self._database.transaction() as connection:
            await fence(connection, self._topic, slices)
            known = await self._read(connection, decoded)
            phases.mark("read")
            effects = await decide(connection, decoded, known, phases)
            positions = await advance(connection, self._topic, slices)
            phases.mark("write")
        self._orphans = False
        phases.mark("commit")
        self._observer.batch(len(decoded), effects.outcomes, phases)
        _tell(effects.dead_letters)
        return Committed(positions, effects.messages, effects.walks)

    async def _decide(
        self, connection: Connection, decoded: Sequence[Decoded], known: Known, phases: Phases
    ) -> Effects:
        effects = self._fold(decoded, known)
        phases.mark("decide")
        await self._write(connection, effects)
        return effects

    async def _sift(
        self, connection: Connection, decoded: Sequence[Decoded], known: Known, _phases: Phases
    ) -> Effects:
        return await self._sieve.run(connection, decoded, known)

    async def _read(self, connection: Connection, decoded: Sequence[Decoded]) -> Known:
        unknown, gone = await self._references.check(connection, decoded)
        ids = {one.session_id for one in decoded if one.session_id is not None}
        found = await sessions.load(connection, ids) if ids else {}
        holds = await held.load(connection, ids) if ids else {}
        keys = [
            (one.session_id, one.message.source, one.message.id)
            for one in decoded
            if one.session_id is not None and one.session_id in found and isinstance(one.message, Command)
        ]
        seen = await inbox.find(connection, keys) if keys else {}
        return Known(found, seen, unknown, gone, holds)

    async def _write(self, connection: Connection, effects: Effects) -> None:
        if effects.started:
            await sessions.insert(connection, effects.started)
            if self._orphans:
                await inbox.forget(connection, [session.id for session in effects.started])
        if effects.changed:
            await sessions.update(connection, effects.changed)
        if effects.inbox:
            try:
                await inbox.add(connection, effects.inbox)
            except asyncpg.UniqueViolationError:
                self._orphans = True  # and the batch is tried again
                raise
        if effects.messages:
            await outbox.add(connection, effects.messages)
        if effects.dead_letters:
            await dead_letters.add(connection, effects.dead_letters)
        if effects.held:
            await held.add(connection, effects.held)


def _tell(letters: Sequence[DeadLetter]) -> None:
    """Log what was put aside, a line a batch: how many of each class, and where the first of them stood."""
    put_aside = [letter for letter in letters if letter.letter_class != PARKED]
    if not put_aside:
        return
    first, counts = put_aside[0], Counter(letter.letter_class for letter in put_aside)
    logger.warning(
        "put aside as dead letters: %s; the first at partition %d, offset %d (%s): see walk dead-letters list",
        ", ".join(f"{count} {letter_class}" for letter_class, count in sorted(counts.items())),
        first.partition,
        first.offset,
        first.error,
    )
