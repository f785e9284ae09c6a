"""Simulated traffic of a help desk, with all that must come of it, from a seed."""

import random
from datetime import UTC, datetime, timedelta

from service.dev.simulation.episodes import hear_back, investigate, walk_tree
from service.dev.simulation.expected import Expected, Traffic
from service.dev.simulation.helpdesk import help_desk
from service.dev.simulation.mishaps import (
    Mishaps,
    malformed_start,
    pasted_log,
    too_many_notes,
    unreadable,
    wrong_key,
)
from service.dev.simulation.people import Staff, Ticket
from service.dev.simulation.walk import Run, Walk
from service.dev.simulation.wire import Outgoing, later

DEFAULT_WALKS = 300
"""About 2,000 commands."""

DEFAULT_END = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)

_BETWEEN_CALLS = 40.0
"""Seconds between two calls, on average: some fifteen walks are open at any time."""

_AFTERMATH = timedelta(days=4)
"""By then whatever follows a walk has happened."""

_KINDS = ("flow",) * 11 + ("proposal",) * 3 + ("adhoc",) * 3 + ("ai_build",) * 3
_WITHOUT_WALK, _INTERRUPTED, _MISHAP_AFTER, _MALFORMED_START = 0.05, 0.04, 0.07, 0.01
_RARE = 250
"""What happens once in so many walks."""
_FEEDBACK, _COMES_BACK = 0.3, 0.1


def simulate(walks: int = DEFAULT_WALKS, seed: int = 1, end: datetime = DEFAULT_END) -> Traffic:
    """Records of `walks` calls for help, a few of them picked up again, none later than `end`.

    The same arguments give the same bytes. Sessions are interleaved as in life; the order within each
    is that of its technicians.
    """
    return _Simulation(seed).run(walks, end)


class _Simulation:
    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - made-up traffic, no secrets
        self.desk = help_desk()
        self.staff = Staff(self.rng, self.desk)
        self.shared = Run(self.rng, Outgoing(), Expected())
        self.mishaps = Mishaps(self.staff)

    def run(self, walks: int, end: datetime) -> Traffic:
        at = end.replace(microsecond=0) - _AFTERMATH - timedelta(seconds=2 * _BETWEEN_CALLS * walks)
        for number in range(walks):
            at = later(at, self.rng.uniform(0, 2 * _BETWEEN_CALLS))
            walk = self.walk(self.staff.ticket(), at, number)
            while walk.books.row["status"] in ("resolved", "abandoned") and self.rng.random() < _COMES_BACK:
                walk = self.walk(walk.ticket, later(walk.clock, self.rng.uniform(300, 30_000)), number)
            if number % _RARE == 40:
                wrong_key(self.new_walk(self.staff.ticket(), at))
        return Traffic(self.shared.out.in_order(), self.shared.expected)

    def new_walk(self, ticket: Ticket, at: datetime) -> Walk:
        return Walk(self.shared, ticket, self.staff.technician(), at)

    def walk(self, ticket: Ticket, at: datetime, number: int) -> Walk:
        walk = self.new_walk(ticket, at)
        if self.rng.random() < _WITHOUT_WALK:
            case = self.rng.choice(self.desk.cases)
            walk.escalate_without_walk(ticket.fill(case.escalated.reason or ""), case.escalated.category)
        else:
            self.go_through(walk, number)
        self.afterwards(walk)
        return walk

    def go_through(self, walk: Walk, number: int) -> None:
        tree = self.rng.choice(self.desk.trees)
        kind = self.rng.choice(_KINDS)
        target = self.staff.target(walk.ticket.account_id, f"{kind}/{tree.name}")
        corrects = malformed_start(walk, kind, target) if self.rng.random() < _MALFORMED_START else None
        walk.wait(0.1, 2)
        knows_first = kind in ("flow", "proposal") and self.rng.random() < 0.7
        walk.start(kind, target, f"{tree.name}.{tree.first}" if knows_first else None, corrects)
        self.rarely(walk, number)
        if kind == "adhoc":
            investigate(walk, self.rng.choice(self.desk.cases), self.staff, self.interrupt)
        else:
            walk_tree(walk, tree, self.staff, self.interrupt)

    def rarely(self, walk: Walk, number: int) -> None:
        if number % _RARE == 20:
            unreadable(walk, number // _RARE)
        elif number % _RARE == 60:
            pasted_log(walk)
        elif number % _RARE == 80:
            too_many_notes(walk)

    def interrupt(self, walk: Walk) -> None:
        if self.rng.random() < _INTERRUPTED:
            self.mishaps.happen(walk)

    def afterwards(self, walk: Walk) -> None:
        if walk.books.row["status"] == "resolved" and self.rng.random() < _FEEDBACK:
            hear_back(walk)
        if not walk.is_open and self.rng.random() < _MISHAP_AFTER:
            self.mishaps.happen(walk)
