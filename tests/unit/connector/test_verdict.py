"""What an answer means, and how long is waited."""

import random

import pytest

from examples.psa_connector.verdict import Verdict, backoff, retry_after, verdict

NOW = 1_769_860_800.0  # 2026-01-31T12:00:00Z


@pytest.mark.parametrize(
    ("said", "statuses"),
    [
        (Verdict.DONE, [200, 201, 204]),
        (Verdict.NOT_DONE, [429]),
        (Verdict.LOCKED_OUT, [401]),
        (Verdict.FORBIDDEN, [403]),
        (Verdict.IN_DOUBT, [301, 408, 409, 425, 500, 502, 503, 504]),
        (Verdict.REFUSED, [400, 404, 405, 410, 413, 415, 422]),
    ],
)
def test_verdicts(said: Verdict, statuses: list[int]) -> None:
    assert {verdict(status) for status in statuses} == {said}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Sat, 31 Jan 2026 12:00:30 GMT", 30.0),
        ("Sat, 31 Jan 2026 12:00:30 -0000", 30.0),
        ("Sat, 31 Jan 2026 11:00:00 GMT", 0.0),
        ("999999999999", 3_600.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


def test_backoff_doubles_with_jitter_up_to_the_longest() -> None:
    chance = random.Random(1)
    for failures, whole in ((1, 1.0), (2, 2.0), (5, 16.0), (9, 60.0), (5_000, 60.0)):
        waits = [backoff(failures, 1.0, 60.0, chance) for _ in range(100)]
        assert whole / 2 <= min(waits) < max(waits) <= whole
