"""`walk dead-letters redrive` and `discard`: what becomes of each letter, and the sum, as a person reads it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from l1_walk_contracts import SettleVerb
from service.cli.views.settling import (
    choice_view,
    given_up_view,
    how_far,
    question_view,
    result_view,
    stalled_view,
    sum_json,
    sum_view,
)
from service.ops.dead_letters import ANY, LetterGroup, LetterLine
from service.ops.settling import Choice, End, GivenUp, Result, Stalled, Tally
from tests.support.terminal import rendered

NOW = datetime.now(UTC)
REDRIVE, DISCARD = SettleVerb.REDRIVE, SettleVerb.DISCARD
GROUP = LetterGroup("failed", "KeyError in service.domain.walk.step", 3, NOW, NOW, parked=14, again=1)
NEXT = UUID("77aa0102-5a0e-5b6d-8c1f-0a1b2c3d4e5f")


def letter(**changes: Any) -> LetterLine:
    whole = LetterLine(
        id=UUID("3f1c9a02-5a0e-5b6d-8c1f-0a1b2c3d4e5f"),
        letter_class="failed",
        error="KeyError in service.domain.walk.step",
        session_id=UUID("6440f978-ca0c-5fa4-9fad-589f66dbfde4"),
        topic="l1.walk.commands",
        partition=0,
        offset=7,
        created_at=NOW,
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
    return whole._replace(**changes)


SETTLED = letter(state="redriven", settled_by="anna", settled_at=NOW)


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (Result(letter(), End.REDRIVEN, "accepted"), "✓ 3f1c9a02  accepted"),
        (
            Result(letter(parked=2), End.REDRIVEN, "rejected", "stale_node"),
            "✓ 3f1c9a02  rejected (stale_node), and 2 commands parked behind it",
        ),
        (
            Result(letter(parked=2), End.REDRIVEN, "accepted", behind=NEXT, behind_error="KeyError"),
            "! 3f1c9a02  accepted; its session is held again, behind 77aa0102: KeyError",
        ),
        (Result(letter(), End.FAILED_AGAIN, error="KeyError"), "✗ 3f1c9a02  failed again: KeyError"),
        (
            Result(letter(attempts=1), End.FAILED_AGAIN, error="KeyError"),
            "✗ 3f1c9a02  failed again (2 times now): KeyError",
        ),
        (Result(letter(), End.DISCARDED), "✗ 3f1c9a02  it was discarded meanwhile"),
        (Result(letter(), End.GONE), "· 3f1c9a02  is gone: erased with its account"),
        (
            Result(letter(), End.REFUSED),
            "✗ 3f1c9a02  the worker let it be: see walk tail rejected, and walk dead-letters list",
        ),
        (
            Result(SETTLED, End.REDRIVEN, "accepted"),
            f"✓ 3f1c9a02  was redriven before, {NOW.astimezone():%H:%M:%S} by anna: accepted",
        ),
    ],
)
def test_each_result_has_its_line(result: Result, told: str) -> None:
    assert rendered(result_view(result, REDRIVE), width=100) == f"{told}\n"


def test_a_discarded_one_says_what_follows() -> None:
    told = result_view(Result(letter(parked=1), End.DISCARDED), DISCARD).plain
    assert told == "✓ 3f1c9a02  discarded, and 1 command parked behind it"
    assert "redriven meanwhile" in result_view(Result(letter(), End.REDRIVEN, "accepted"), DISCARD).plain


def test_what_would_be_redriven_is_counted_by_what_is_wrong() -> None:
    told = rendered(choice_view(Choice([GROUP], ANY, NOW)))
    assert told.startswith("3 dead letters would be redriven, and 14 commands parked behind\n")
    assert "failed       14       1" in told
    assert rendered(choice_view(Choice([], ANY, NOW))) == "no such dead letters are open\n"


def test_the_question_says_what_is_lost_and_what_runs() -> None:
    told = rendered(question_view(Choice([GROUP], ANY, NOW), [letter()]))
    assert "3f1c9a02  failed  session 6440f978-ca0c-5fa4-9fad-589f66dbfde4\n" in told
    assert "What they ask for will never happen.\n14 commands parked behind will run.\n" in told


def test_a_lot_that_is_given_up_says_how_many_are_left() -> None:
    told = given_up_view(GivenUp(GROUP, 995)).plain
    assert (
        told
        == "✗ 5 in a row failed again (KeyError in service.domain.walk.step): the other 995 are left alone"
    )
    assert given_up_view(GivenUp(GROUP, 1)).plain.endswith("the last one is left alone")


@pytest.mark.parametrize(
    ("workers", "told"),
    [
        (0, "but no worker is running (consumer group g is empty): walk worker"),
        (2, "but 2 workers are there and nothing moves: see walk status, and /readyz of the workers"),
        (None, "but no worker has handled them: is one running?"),
    ],
)
def test_where_nothing_moves_it_says_why(workers: int | None, told: str) -> None:
    assert told in stalled_view(Stalled(3, workers), "g").plain


def test_the_sum_says_all_that_is_not_as_wished() -> None:
    tally = Tally(sent=9, unhandled=2, held_again=1, left=4)
    tally.ends.update({End.REDRIVEN: 3, End.FAILED_AGAIN: 2, End.REFUSED: 1, End.DISCARDED: 1, End.GONE: 1})
    tally.outcomes.update({"rejected": 1, "accepted": 2})
    assert rendered(sum_view(tally, REDRIVE, 1.5)).splitlines() == [
        "3 dead letters redriven: 2 accepted, 1 rejected in 1.5 s",
        "2 failed again",
        "1 session held again, behind a command that was parked",
        "1 let be by the worker: see walk tail rejected, and walk dead-letters list",
        "1 discarded by somebody else",
        "1 gone, erased with their accounts",
        "4 not sent: --keep-going sends them all the same",
        "2 sent and not handled yet: in the topic, handled when a worker runs",
        "walk dead-letters list  what is still open (7 of these)",
    ]
    told = sum_json(tally, REDRIVE, 1.5)
    assert told["results"] == {"redriven": 3, "discarded": 1, "failed_again": 2, "gone": 1, "refused": 1}
    assert (told["sent"], told["not_sent"], told["not_handled"], told["held_again"]) == (9, 4, 2, 1)
    assert how_far(tally).startswith("9 commands sent, 8 settled; ")
