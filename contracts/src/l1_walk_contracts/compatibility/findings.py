"""What a comparison finds, in words."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Direction(StrEnum):
    """Who writes a message: upstream its commands, the worker its events. Schemas say it as `x-direction`."""

    COMMAND = "command"
    EVENT = "event"


class Verdict(StrEnum):
    """What a difference means for those who have built against the older version."""

    BREAKS = "breaks"
    UNDECIDED = "undecided"
    """Somebody must look: it fails, too."""
    NOTE = "note"
    """Harmless."""


@dataclass(frozen=True)
class Finding:
    """One difference."""

    verdict: Verdict
    message: str
    """The file of the schema, without `.json`."""
    pointer: str
    """JSON pointer into the new schema; into the old one where the new has no such place."""
    text: str
    """Whom it concerns, and how."""
    version: str
    """The older version."""

    @property
    def fails(self) -> bool:
        """Whether it must not be released."""
        return self.verdict is not Verdict.NOTE

    def json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)
