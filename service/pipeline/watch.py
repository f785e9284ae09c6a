"""Whether Kafka answers the consumers: aiokafka tries again for ever, and says so to its own log alone."""

import asyncio
from collections.abc import Sequence

from service.pipeline.conditions import Conditions
from service.pipeline.subscriber import Subscription

LOOK_SECONDS = 1.0
MISSED = 2
"""Looks in a row: a coordinator that moves is found again sooner."""
CONDITION = "kafka"


class Watch:
    """Looks at the subscriptions every second.

    Args:
        subscriptions: those of the worker.
        conditions: is told while one of them has no broker that answers.
    """

    def __init__(self, subscriptions: Sequence[Subscription], conditions: Conditions) -> None:
        self._subscriptions = subscriptions
        self._conditions = conditions
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._look_often(), name="watch")

    async def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def alive(self) -> bool:
        """Whether it looks."""
        return self._task is not None and not self._task.done()

    async def _look_often(self) -> None:
        missed = 0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            missed = 0 if all(one.answered for one in self._subscriptions) else missed + 1
            if missed == 0:
                self._conditions.end(CONDITION)
            elif missed >= MISSED:
                self._conditions.begin(CONDITION, "waiting for it: no broker answers the consumers")
