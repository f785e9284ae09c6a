"""Numbers, ages and times as people read them."""

from datetime import UTC, datetime, timedelta

import pytest

from service.cli.words import count, duration, local


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 s"),
        (0.04, "0 s"),
        (0.25, "0.2 s"),
        (8, "8 s"),
        (9.96, "10 s"),
        (12.4, "12 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (7_500, "2 h 5 min"),
        (86_400, "1 d"),
        (964_800, "11 d 4 h"),
    ],
)
def test_durations(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_counts() -> None:
    assert count(1, "command") == "1 command"
    assert count(2_000, "command") == "2,000 commands"
    assert count(0, "walk") == "0 walks"


def test_a_time_of_today_needs_no_date() -> None:
    now = datetime(2026, 3, 2, 12, 0, tzinfo=UTC).astimezone()
    assert local(now, today=now) == now.strftime("%H:%M:%S")
    assert local(now - timedelta(days=2), today=now) == (now - timedelta(days=2)).strftime("%Y-%m-%d %H:%M")
