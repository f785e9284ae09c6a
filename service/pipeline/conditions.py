"""What keeps the worker from working, in words: one log line a change, and the reasons that `/readyz` gives."""

import logging
import re
from collections.abc import Mapping
from types import MappingProxyType

logger = logging.getLogger(__name__)

_NUMBERS = re.compile(r"0x[0-9a-f]+|[0-9]+")


class Conditions:
    """The things awaited or broken now, by name, each with the reason."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}

    @property
    def reasons(self) -> Mapping[str, str]:
        """Name and reason of each; empty where nothing is amiss."""
        return MappingProxyType(self._reasons)

    def begin(self, name: str, reason: str, *, level: int = logging.WARNING) -> None:
        """Something is amiss; said once in the log until it ends or the reason is another, but for its numbers."""
        before = self._reasons.get(name)
        self._reasons[name] = reason
        if before is None or _gist(before) != _gist(reason):
            logger.log(level, "%s: %s", name, reason)

    def end(self, name: str) -> None:
        """It is over."""
        if self._reasons.pop(name, None) is not None:
            logger.info("%s: in order again", name)


def _gist(reason: str) -> str:
    """The reason without addresses, offsets and names of files that are numbers, which differ at each attempt."""
    return _NUMBERS.sub("", reason)
