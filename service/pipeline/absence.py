"""A worker that is without its database leaves the group, so that another one drains its partitions (design 9, rule 5).

What it has committed is still published meanwhile. Kafka alone being away is no reason: nobody else would do better.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import NamedTuple

from service.pipeline.conditions import Conditions
from service.pipeline.failure import describe
from service.pipeline.partitions import Partitions
from service.pipeline.subscriber import Subscription

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""Between two looks into the database."""
LOOKS = 30
"""Seconds, counted one by one, without an answer: a worker that was frozen meanwhile has not missed any."""
GIVE_UP_SECONDS = 10.0
"""How long leaving the group waits for the batch in flight. One that ends later is fenced, once another worker has
taken its partitions."""
CONDITION = "group"


class Membership(NamedTuple):
    """Of one group: the subscription that may leave it, and what it holds."""

    subscription: Subscription
    partitions: Partitions


class Absence:
    """Looks into the database every second: whether it answers, and whether progress was set by hand.

    Args:
        memberships: what is left, and joined again, in this order.
        conditions: is told while the group is left.
    """

    def __init__(self, memberships: Sequence[Membership], conditions: Conditions) -> None:
        self._memberships = memberships
        self._conditions = conditions
        self._missed = 0
        self._away = False
        self._reason = "no answer in time"
        self._giving_up: list[asyncio.Task[None]] = []
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to look."""
        self._tasks = [
            asyncio.create_task(self._look_often(), name="look into the database"),
            asyncio.create_task(self._count(), name="absence of the database"),
        ]

    async def stop(self) -> None:
        """Look no more."""
        for task in (*self._tasks, *self._giving_up):
            task.cancel()
        await asyncio.gather(*self._tasks, *self._giving_up, return_exceptions=True)

    @property
    def alive(self) -> bool:
        """Whether it looks."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    async def _look_often(self) -> None:
        """Apart from the counting, since a look into a database that is cut off takes long to fail."""
        while True:
            try:
                changed = [(partitions, await partitions.changed()) for _, partitions in self._memberships]
                self._missed = 0
                for partitions, numbers in changed:
                    await partitions.reload(numbers)
            except Exception as error:
                logger.debug("the database does not answer", exc_info=error)
                self._reason = describe(error)
            await asyncio.sleep(LOOK_SECONDS)

    async def _count(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self._missed += 1
            if (
                self._missed > LOOKS
                and not self._away
                and all(one.subscription.alive for one in self._memberships)
            ):
                await self._leave()
            elif self._away and self._missed <= 1:
                await self._return()

    async def _leave(self) -> None:
        self._away = True
        self._conditions.begin(
            CONDITION,
            f"left for another worker to go on: the database has not answered for {LOOKS} s: {self._reason}",
        )
        self._giving_up = [asyncio.create_task(partitions.give_up()) for _, partitions in self._memberships]
        await asyncio.wait(self._giving_up, timeout=GIVE_UP_SECONDS)
        for subscription, partitions in self._memberships:
            partitions.joined = False
            subscription.leave()

    async def _return(self) -> None:
        await asyncio.gather(*self._giving_up)
        self._away = False
        for subscription, _ in self._memberships:
            subscription.join()
        self._conditions.end(CONDITION)
