"""Which ids a command may name: the modes `learn` and `require`, here and in an adopted database (design 8, 12)."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence

from l1_walk_contracts import Command, Invalid, Unsupported
from service.pipeline.decode import Decoded
from service.pipeline.failure import StaleReferenceError
from service.settings import References
from service.store import references
from service.store.database import Connection, Database
from service.store.references import Reference

SECOND_LOOK_SECONDS = 1.0
"""An id not seen in upstream's tables is looked up once more after this: its transaction may not be visible yet."""

CACHE_SIZE = 200_000
"""Ids remembered as known, at most; past it the memory starts anew."""


class ReferencePolicy:
    """Prepares and checks the references of a batch.

    Args:
        database: where they are kept.
        mode: what becomes of an id that nobody has told us of; an adopted database is always in mode `require`.
        adopted: whether the tables of accounts, users, flows and proposals are upstream's own.
        caught_up: waits until the references topic is read to the end that it has now.
    """

    def __init__(
        self, database: Database, mode: References, *, adopted: bool, caught_up: Callable[[], Awaitable[None]]
    ) -> None:
        self._database = database
        self._learns = mode is References.LEARN and not adopted
        self._adopted = adopted
        self._caught_up = caught_up
        self._known: set[Reference] = set()

    async def prepare(self, decoded: Sequence[Decoded]) -> None:
        """Before the batch's transaction: learn what is new, or give it time to become known.

        What is no command is learned too, where it names its account: it may be put aside or parked, and only a row
        that is there to be locked keeps an erasure from passing it by.
        """
        mentions = Command | Invalid | Unsupported if self._learns else Command
        new = {
            reference
            for one in decoded
            if isinstance(one.message, mentions)
            for _, reference in one.references
            if reference not in self._known
        }
        if not new:
            return
        if len(self._known) > CACHE_SIZE:
            self._known.clear()
        if self._learns:
            async with self._database.transaction() as connection:
                await references.learn(connection, new)
            self._known |= new
        elif self._adopted:
            await self._look_up(new)
        else:
            await self._await_topic(new)

    async def check(
        self, connection: Connection, decoded: Sequence[Decoded]
    ) -> tuple[Collection[Reference], Collection[Reference]]:
        """Within the batch's transaction: the references that are unknown or gone, and of these the gone.

        Locks all that are mentioned, so that an erasure and the batch exclude each other.

        Raises:
            StaleReferenceError: one that was learned is not there any more.
        """
        mentioned = {reference for one in decoded for _, reference in one.references}
        if not mentioned:
            return (), ()
        stands = await references.share(connection, mentioned)
        gone = {reference for reference, is_gone in stands.items() if is_gone}
        missing = mentioned - stands.keys()
        if missing and self._learns:
            self._refuse_stale(missing)
        if self._adopted:
            missing |= mentioned - await references.existing(connection, mentioned)
        return missing | gone, gone

    def _refuse_stale(self, missing: set[Reference]) -> None:
        stale = missing & self._known
        if stale:
            self._known -= stale
            raise StaleReferenceError("a reference that was known is not there any more")

    async def _look_up(self, new: set[Reference]) -> None:
        new = await self._adopt(new)
        if new:
            await asyncio.sleep(SECOND_LOOK_SECONDS)
            await self._adopt(new)

    async def _adopt(self, new: set[Reference]) -> set[Reference]:
        async with self._database.transaction() as connection:
            found = await references.existing(connection, new)
            if found:
                await references.adopt(connection, found)
        self._known |= found
        return new - found

    async def _await_topic(self, new: set[Reference]) -> None:
        async with self._database.transaction() as connection:
            stands = await references.share(connection, new)
        self._known |= stands.keys()
        if len(stands) < len(new):
            await self._caught_up()
