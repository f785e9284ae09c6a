"""How text is made to fit, and values are made text."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.text import clip, fit, id_text, minute, one_line, paragraph, timestamp
from tests.support.walks import ACCOUNT

SAID = 60


def test_times_are_told_in_utc() -> None:
    rome = datetime(2026, 7, 1, 0, 30, 15, tzinfo=timezone(timedelta(hours=2)))
    assert timestamp(rome) == "2026-06-30T22:30:15Z"
    assert minute(rome) == "2026-06-30 22:30"


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_timestamp_can_be_read_back(moment: datetime) -> None:
    assert datetime.fromisoformat(timestamp(moment)) == moment


def test_an_id_is_canonical() -> None:
    assert id_text(ACCOUNT) == str(ACCOUNT)


@pytest.mark.parametrize(
    ("value", "line"), [(" a\r\n b\t c ", "a b c"), (None, ""), ("", ""), (1.5, "1.5"), ([None], "[null]")]
)
def test_one_line(value: object, line: str) -> None:
    assert one_line(value) == line


@pytest.mark.parametrize(
    ("value", "text"), [(" a ", "a"), ("\na  \r\n\r\n  b\n", "a\n>\n>  b"), (None, ""), (3, "3")]
)
def test_a_paragraph_is_indented(value: object, text: str) -> None:
    assert paragraph(value, ">") == text


def test_a_text_that_fits_is_not_clipped() -> None:
    assert clip("x" * 100, 100) == "x" * 100
    assert clip("a" * 50 + "x" * 950 + "z" * 50, 120) == (
        "a" * 40 + "\n[... 990 characters left out ...]\n" + "z" * 20
    )


@given(st.integers(SAID + 3, 300), st.integers(0, 10**6))
def test_a_clipped_text_is_as_long_as_allowed(chars: int, length: int) -> None:
    assert len(clip("x" * length, chars)) <= chars


def test_blocks_that_just_fit_are_kept() -> None:
    blocks = ["x" * 99] * 10
    assert fit(blocks, 1000, "step") == blocks
    assert fit(blocks, 999, "step") == [*blocks[:5], "[... 1 step left out ...]", *blocks[:4]]
    assert fit(blocks, 9 * 100 + SAID, "step") == fit(blocks, 999, "step")
    assert len(fit(blocks, 9 * 100 + SAID - 1, "step")) == 9


@given(st.lists(st.integers(0, 500)), st.integers(SAID, 2000))
def test_fitted_blocks_are_as_long_as_allowed(lengths: list[int], chars: int) -> None:
    blocks = ["x" * length for length in lengths]
    kept = fit(blocks, chars, "note")
    assert sum(map(len, kept)) + len(kept) <= chars
