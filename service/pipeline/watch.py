"""Whether Kafka answers the consumers and has their topics: aiokafka itself tries again for ever, and tells its log."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from service.pipeline.conditions import Conditions
from service.pipeline.subscriber import Subscription

LOOK_SECONDS = 1.0
MISSED = 2
"""Looks in a row: a coordinator that moves is found again sooner."""
CONDITION = "kafka"
UNKNOWN = (
    "waiting for it: the brokers do not tell of it; it was deleted, or this worker may not see it any more"
)


class Watch:
    """Looks at the subscriptions every second.

    Args:
        subscriptions: those of the worker.
        conditions: is told while one of them has no broker that answers, or no topic.
    """

    def __init__(self, subscriptions: Sequence[Subscription], conditions: Conditions) -> None:
        self._subscriptions = subscriptions
        self._conditions = conditions
        self._missed = Counter[str]()
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
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self._judge(
                CONDITION,
                all(one.answered for one in self._subscriptions),
                "waiting for it: no broker answers the consumers",
            )
            for one in self._subscriptions:
                self._judge(f"topic {one.topic}", one.known, UNKNOWN)

    def _judge(self, name: str, so: bool, reason: str) -> None:
        self._missed[name] = 0 if so else self._missed[name] + 1
        if so:
            self._conditions.end(name)
        elif self._missed[name] >= MISSED:
            self._conditions.begin(name, reason)
