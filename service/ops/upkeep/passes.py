"""Going through something large in passes: some of it each round, and from the start again after a while."""

import asyncio
from collections.abc import Callable


class Pass:
    """When to go on, and when to begin anew.

    Args:
        every: seconds from the beginning of one pass to that of the next, at least.
        clock: seconds, of any beginning, that nobody sets.
    """

    def __init__(self, every: float, clock: Callable[[], float] | None = None) -> None:
        self._every = every
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._began: float | None = None
        self._under_way = False

    def due(self) -> bool:
        """Whether there is anything to do now: a pass is under way, or it is time for the next, which begins."""
        if not self._under_way:
            now = self._clock()
            if self._began is not None and now < self._began + self._every:
                return False
            self._began, self._under_way = now, True
        return True

    def over(self) -> None:
        """The pass has come to its end."""
        self._under_way = False
