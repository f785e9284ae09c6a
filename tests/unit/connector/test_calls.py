"""The vendor's limits: never above them, whatever a call's way takes, over kills and instances."""

import random
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from examples.psa_connector.calls import Calls
from examples.psa_connector.store import connect
from examples.psa_connector.vendor import Limits

LIMITS = Limits(calls=5, window=timedelta(seconds=10), parallel=2, note_characters=1)


def permit(calls: Calls, now: float, endpoint: str = "notes") -> int:
    given = calls.take(endpoint, now, now + 3.0)
    assert isinstance(given, int), given
    return given


def test_no_endpoint_is_called_more_often_at_a_time(db: sqlite3.Connection) -> None:
    calls = Calls(db, LIMITS)
    first, _second = permit(calls, 0.0), permit(calls, 0.0)
    assert isinstance(calls.take("notes", 0.1, 3.0), float)
    permit(calls, 0.1, "time")
    calls.ended(first, 0.2, ok=True)
    permit(calls, 0.2)


def test_a_call_without_an_answer_holds_its_place_until_the_psa_cannot_be_at_it(
    db: sqlite3.Connection,
) -> None:
    calls = Calls(db, LIMITS)
    permit(calls, 0.0), permit(calls, 0.0)
    assert isinstance(calls.take("notes", 2.9, 6.0), float)
    permit(calls, 3.0)


def test_the_wait_for_the_window_is_told(db: sqlite3.Connection) -> None:
    calls = Calls(db, LIMITS)
    for at in range(5):
        calls.ended(permit(calls, at), at + 0.5, ok=True)
    wait = calls.take("notes", 5.0, 8.0)
    assert wait == 5.5
    permit(calls, 5.0 + wait)


def test_another_instance_sees_the_same_calls(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "s")) as one, closing(connect(tmp_path / "s")) as other:
        for at in range(5):
            calls = Calls(one if at % 2 else other, LIMITS)
            calls.ended(permit(calls, at), at, ok=True)
        assert isinstance(Calls(one, LIMITS).take("notes", 5.0, 8.0), float)


def test_closed_is_closed_to_all_endpoints_and_instances(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "s")) as one, closing(connect(tmp_path / "s")) as other:
        Calls(one, LIMITS).close(7.0)
        Calls(one, LIMITS).close(4.0)
        assert Calls(other, LIMITS).take("time", 1.0, 4.0) == 6.0
        permit(Calls(other, LIMITS), 7.0)


def test_the_psa_never_sees_more_than_the_limit_in_any_window(db: sqlite3.Connection) -> None:
    chance, calls = random.Random(7), Calls(db, LIMITS)
    now, arrivals, under_way = 0.0, list[float](), list[tuple[float, int]]()
    while len(arrivals) < 400:
        for end, call in under_way:
            if end <= now:
                calls.ended(call, end, ok=True)
        under_way = [(end, call) for end, call in under_way if end > now]
        given = calls.take(chance.choice(("notes", "time", "tickets")), now, now + 3.0)
        if isinstance(given, int):
            end = now + chance.uniform(0.0, 3.0)
            arrivals.append(chance.uniform(now, end))
            if chance.random() < 0.8:
                under_way.append((end, given))
        now += chance.uniform(0.0, 0.7)
    arrivals.sort()
    for first, sixth in zip(arrivals, arrivals[LIMITS.calls :], strict=False):
        assert sixth - first >= 10.0
