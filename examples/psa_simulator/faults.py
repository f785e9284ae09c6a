"""What goes wrong, by rates and a seed, or by a script."""

import random
from collections import defaultdict, deque
from collections.abc import Mapping
from enum import StrEnum


class Fault(StrEnum):
    """In which way a call fails."""

    NONE = "none"
    LIMITED = "429"
    """Not done; Retry-After says when, in seconds or as a date."""
    CONFLICT = "409"
    """Not done."""
    BROKEN = "500"
    """Done or not done, by chance."""
    REFUSED = "400"
    UNANSWERED = "unanswered"
    """Done, then answered only after the caller has given up."""
    LATE = "late"
    """Done only after the caller has given up."""
    SLOW = "slow"
    """Done, and answered a while later."""
    HELD = "held"
    """Done, then not answered until it is released."""


class Faults:
    """Which fault the next call to an endpoint has: the script's, else by chance."""

    def __init__(self, rates: Mapping[Fault, float], seed: int) -> None:
        self._rates = dict(rates)
        self._chance = random.Random(seed)
        self._script: dict[str, deque[Fault]] = defaultdict(deque)

    def script(self, endpoint: str, faults: list[Fault]) -> None:
        """The next writes to the endpoint go so."""
        self._script[endpoint].extend(faults)

    def draw(self, endpoint: str, *, writes: bool) -> Fault:
        if writes and self._script[endpoint]:
            return self._script[endpoint].popleft()
        at = self._chance.random()
        for fault, rate in self._rates.items():
            if at < rate:
                return fault
            at -= rate
        return Fault.NONE

    def coin(self) -> bool:
        return self._chance.random() < 0.5
