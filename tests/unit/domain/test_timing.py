"""How long a walk took, and how much of it is counted (design 7)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.domain.timing import active_seconds, duration_seconds, moment
from tests.support.walks import at

GAP = timedelta(minutes=15)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-02T09:00:00Z", at(0)),
        ("2026-03-02T10:00:00+01:00", at(0)),
        ("2026-03-02T09:00:00", at(0)),
        ("2026-03-02 09:00:30.500", at(0) + timedelta(seconds=30.5)),
        ("2026-03-02", datetime(2026, 3, 2, tzinfo=UTC)),
        ("0001-01-01T00:00:00+01:00", None),
        ("9999-12-31T23:59:59-01:00", None),
        ("yesterday", None),
        ("", None),
        (1_772_442_000, None),
        (True, None),
        (None, None),
        (["2026-03-02T09:00:00Z"], None),
        ({"at": "2026-03-02T09:00:00Z"}, None),
    ],
)
def test_a_moment_is_read_from_any_value(value: Any, expected: datetime | None) -> None:
    assert moment(value) == expected


@pytest.mark.parametrize(
    ("end", "deeds", "active"),
    [
        (0, [], 0),
        (15, [], 15),
        (15.1, [], 0),
        (40, [], 0),
        (40, [10, 20, 30], 40),
        (40, [30, 10, 20], 40),
        (40, [10, 10, 10], 10),
        (40, [15, 30], 40),
        (40, [16], 0),
        (40, [5, 35], 10),
        (40, [-500, 5, 500], 5),
        (40, [None, 30, None], 10),
        (-5, [], 0),
        (-5, [-3], 0),
    ],
)
def test_long_gaps_are_not_counted(end: float, deeds: list[float | None], active: float) -> None:
    moments = [None if d is None else at(d) for d in deeds]
    assert active_seconds(at(0), at(end), moments, GAP) == active * 60


@pytest.mark.parametrize(("seconds", "whole"), [(0, 0), (0.999, 0), (61.5, 61), (-3, 0), (-0.5, 0)])
def test_a_duration_is_in_whole_seconds(seconds: float, whole: int) -> None:
    assert duration_seconds(at(0), at(0) + timedelta(seconds=seconds)) == whole


def test_active_time_is_never_longer_than_the_walk() -> None:
    end = at(0) + timedelta(seconds=1799.9)
    moments = [at(0) + timedelta(seconds=0.3 * n) for n in range(5000)]
    assert active_seconds(at(0), end, moments, GAP) == 1799
