"""Settling dead letters: how fast, how long it waits, and what counts as wished for."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from l1_walk_contracts import SettleVerb
from service.ops.dead_letters import LetterLine
from service.ops.settling import End, Result, Tally
from service.ops.settling.pace import Pace, Silence

LETTER = LetterLine(
    id=UUID(int=1),
    letter_class="failed",
    error="KeyError in service.domain.walk.step: more",
    session_id=UUID(int=2),
    topic="l1.walk.commands",
    partition=0,
    offset=7,
    created_at=datetime.now(UTC),
    parked_behind=None,
    state="open",
    attempts=0,
    parked=0,
    outcome=None,
    outcome_reason=None,
    settled_by=None,
    settled_reason=None,
    settled_at=None,
)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_so_many_a_second_are_sent_evenly() -> None:
    clock = Clock()
    pace = Pace(8, clock)
    assert pace.due(500) == 1, "the first at once"
    assert pace.due(500) == 0
    sent = 1
    for _ in range(16):
        clock.now += 0.0625
        sent += pace.due(500)
    assert sent == 9


def test_a_pause_is_not_made_up_for() -> None:
    clock = Clock()
    pace = Pace(100, clock)
    clock.now += 60
    assert pace.due(500) == 20


def test_what_is_not_wanted_is_not_spent() -> None:
    clock = Clock()
    pace = Pace(100, clock)
    clock.now += 1
    assert pace.due(3) == 3
    assert pace.due(500) == 17


def test_silence_ends_with_any_change() -> None:
    clock = Clock()
    silence = Silence(clock)
    silence.heard((1, {0: 5}))
    clock.now += 4
    silence.heard((1, {0: 5}))
    assert silence.seconds == 4
    silence.heard((1, {0: 6}))
    assert silence.seconds == 0


@pytest.mark.parametrize(
    ("result", "redrive", "discard"),
    [
        (Result(LETTER, End.REDRIVEN, "accepted"), True, False),
        (Result(LETTER, End.REDRIVEN, "rejected", "stale_node"), True, False),
        (Result(LETTER, End.REDRIVEN, "accepted", behind=UUID(int=3)), False, False),
        (Result(LETTER, End.DISCARDED), False, True),
        (Result(LETTER, End.FAILED_AGAIN, error="KeyError"), False, False),
        (Result(LETTER, End.REFUSED), False, False),
        (Result(LETTER, End.GONE), True, True),
    ],
)
def test_what_is_as_wished(result: Result, redrive: bool, discard: bool) -> None:
    assert result.good(SettleVerb.REDRIVE) is redrive
    assert result.good(SettleVerb.DISCARD) is discard


def test_results_are_counted() -> None:
    tally = Tally(sent=3)
    for result in (
        Result(LETTER, End.REDRIVEN, "accepted", behind=UUID(int=3)),
        Result(LETTER, End.FAILED_AGAIN, error="KeyError"),
    ):
        tally.count(result)
    assert (tally.settled, tally.held_again, dict(tally.outcomes)) == (2, 1, {"accepted": 1})


def test_the_reason_of_a_letter_is_the_stable_part_of_its_error() -> None:
    assert LETTER.reason == "KeyError in service.domain.walk.step"
