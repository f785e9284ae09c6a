"""What the pipeline tells of its work, for whoever measures it."""

import time
from collections.abc import Mapping
from typing import Protocol

from l1_walk_contracts import Outcome


class Phases:
    """The seconds that each phase of a piece of work took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def mark(self, name: str) -> None:
        """The phase of this name has ended, the next begins."""
        now = time.perf_counter()
        self.seconds[name] = now - self._since
        self._since = now


class Observer(Protocol):
    """Is told of batches and messages."""

    def phases(self) -> Phases:
        """A new piece of work begins."""

    def batch(self, size: int, outcomes: Mapping[tuple[Outcome, str], int], phases: Phases) -> None:
        """A batch of so many records was committed."""

    def published(self, topics: Mapping[str, int], seconds: float) -> None:
        """So many messages of each topic were acknowledged, in so many seconds."""

    def failed(self, what: str, error: BaseException) -> None:
        """An attempt at something failed with this error: `batch`, `publish`."""
