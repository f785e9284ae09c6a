"""What a scenario is: one way in which the world breaks, and what must hold all the same."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.fault.lab import Lab
from tests.fault.run import Run


def _nothing(lab: Lab) -> str | None:
    return None


@dataclass(frozen=True)
class Scenario:
    """One fault, played on a lab.

    `play` starts workers, begins the feed, breaks things and mends them again. When it returns the fault is over, and
    enough workers are at work that all must come to its end (`Run.come_to_an_end`).
    """

    name: str
    proves: str
    """What holds while and after it happens, for the table in docs/guarantees.md."""
    play: Callable[[Run], Awaitable[None]]
    gate: bool = False
    """Whether it runs in CI."""
    cases: int = 400
    """Tickets of the help desk whose walks are sent: about five commands each."""
    missing: Callable[[Lab], str | None] = field(default=_nothing)
    """Says which tool or right it lacks here, if any."""
    settings: dict[str, object] = field(default_factory=dict)
    """Settings of the workers that differ from the suite's."""
