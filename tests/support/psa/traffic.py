"""Many walks, and the order in which their events come: each more than once."""

import random
from collections.abc import Iterator
from datetime import timedelta

from l1_walk_contracts import Event
from tests.support.psa.ended import NOON, ended

FIRST_TICKET = 1_001


def many(count: int, chance: random.Random) -> list[Event]:
    """Walks of half as many tickets, in the order in which they happened to be published.

    One in eight ended before another of its ticket that is published earlier, as after an outage of upstream's.
    """
    walks = []
    for number in range(count):
        minutes = number + (-200 if chance.random() < 0.125 else 0)
        walks.append(
            ended(
                str(FIRST_TICKET + chance.randrange(max(1, count // 2))),
                resolved=chance.random() < 0.7,
                at=NOON + timedelta(minutes=minutes),
                active_seconds=chance.randrange(0, 7_200),
                summary=f"L1 walk {number}\n" + "The cable was loose. " * chance.randrange(1, 200),
            )
        )
    return walks


def internal(count: int) -> list[Event]:
    """Walks that are none of the PSA's business."""
    return [ended(f"INT-{number}", internal=True) for number in range(count)]


def delivered(walks: list[Event], chance: random.Random) -> Iterator[Event]:
    """Each two or three times; first appearances in order, the others anywhere after."""
    places = []
    for number, walk in enumerate(walks):
        places.append((float(number), walk))
        places += [(number + chance.expovariate(0.05), walk) for _ in range(chance.choice((1, 2)))]
    return (walk for _, walk in sorted(places, key=lambda place: place[0]))
