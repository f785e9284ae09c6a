"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """One way to measure."""

    rounds: int
    commands: int
    """What waits for a contender with the full share."""
    pace: int
    """Commands a second, when the time of single events is taken."""
    pace_seconds: float
    warm_up: int
    """Commands that are worked off before anything is measured, so that Kafka has compiled what it runs."""
    long: int
    """Commands of one more run of the worker, to see that its memory is level; 0: none."""


FULL = Plan(rounds=3, commands=60_000, pace=200, pace_seconds=15, warm_up=20_000, long=250_000)
QUICK = Plan(rounds=1, commands=14_000, pace=200, pace_seconds=2, warm_up=3_000, long=0)
