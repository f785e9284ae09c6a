"""`until` waits for what becomes true, and says what did not."""

import pytest

from tests.support.waiting import until


async def test_until_gives_the_first_true_answer() -> None:
    answers = iter([0, 0, 7])

    async def ask() -> int:
        return next(answers)

    assert await until(ask, 5, "seven") == 7


async def test_until_says_what_did_not_come() -> None:
    with pytest.raises(AssertionError, match=r"after 0\.05 s still not: a walk \(last answer: \[\]\)"):
        await until(list, 0.05, "a walk")
