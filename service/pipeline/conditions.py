"""What keeps the worker from working, in words: one log line a change, and the reasons that `/readyz` gives."""

import logging
from collections.abc import Mapping
from types import MappingProxyType

logger = logging.getLogger(__name__)


class Conditions:
    """The things awaited or broken now, by name, each with the reason."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}

    @property
    def reasons(self) -> Mapping[str, str]:
        """Name and reason of each; empty where nothing is amiss."""
        return MappingProxyType(self._reasons)

    def begin(self, name: str, reason: str, *, level: int = logging.WARNING) -> None:
        """Something is amiss; said once in the log until it ends or the reason is another."""
        if self._reasons.get(name) != reason:
            self._reasons[name] = reason
            logger.log(level, "%s: %s", name, reason)

    def end(self, name: str) -> None:
        """It is over."""
        if self._reasons.pop(name, None) is not None:
            logger.info("%s: in order again", name)
