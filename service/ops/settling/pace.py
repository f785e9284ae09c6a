"""How fast commands are sent, and how long nothing was heard."""

import time
from collections.abc import Callable
from typing import Any

Clock = Callable[[], float]
"""Seconds, of any beginning."""

_AT_ONCE_SECONDS = 0.2
"""What was left unused is made up for by no more than this."""


class Pace:
    """So many a second, evenly: never a pile of them after a pause."""

    def __init__(self, per_second: float, clock: Clock = time.monotonic) -> None:
        self._rate, self._clock = per_second, clock
        self._most = max(1.0, per_second * _AT_ONCE_SECONDS)
        self._credit, self._at = 1.0, clock()

    def due(self, wanted: int) -> int:
        """How many of those wanted may be sent now; they are counted as sent."""
        now = self._clock()
        self._credit = min(self._most, self._credit + (now - self._at) * self._rate)
        self._at = now
        number = min(wanted, int(self._credit))
        self._credit -= number
        return number


class Silence:
    """How long what is watched has not changed."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._since, self._last = clock(), object()

    def heard(self, state: Any) -> None:
        """It looks like this now."""
        if state != self._last:
            self._since, self._last = self._clock(), state

    @property
    def seconds(self) -> float:
        """Since it last changed."""
        return self._clock() - self._since
