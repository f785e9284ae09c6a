"""Removing what is older than it is to be kept, in small steps (design 9, rule 8)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from service.ops.upkeep.passes import Pass
from service.store.database import Connection
from service.store.expiry import Page

STEP = 500
"""Walks or letters looked at in one transaction."""
ROUND_SECONDS = 5.0
"""How long a round goes on; half of it is pauses."""
PASS_SECONDS = 3600.0
"""What is to be kept for days is looked at once an hour."""

Expire = Callable[[Connection, timedelta, UUID | None, int], Awaitable[Page]]


class Retention:
    """Goes through a table, again and again.

    Args:
        expire: one step of it.
        keep: how long things are kept.
    """

    def __init__(self, expire: Expire, keep: timedelta) -> None:
        self._expire = expire
        self._keep = keep
        self._pass = Pass(min(PASS_SECONDS, keep.total_seconds()))
        self._last: UUID | None = None

    async def round(self, connection: Connection) -> int:
        """Go on through the table for some seconds; the rows that were removed."""
        clock = asyncio.get_running_loop().time
        removed, end = 0, clock() + ROUND_SECONDS
        under_way = self._pass.due()
        while under_way and clock() < end:
            began = clock()
            async with connection.transaction():
                await connection.execute("SET LOCAL synchronous_commit = off")
                page = await self._expire(connection, self._keep, self._last, STEP)
            removed += page.removed
            self._last = page.last
            if page.last is None:
                self._pass.over()
                under_way = False
            await asyncio.sleep(clock() - began)
        return removed
