"""What an answer of the PSA means, and how long to wait before the next try. Pure: clock and chance are passed in."""

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Final

LONGEST_WAIT = 3_600.0


class Verdict(Enum):
    """What became of a call."""

    DONE = "done"
    NOT_DONE = "not done"
    """For certain: try again."""
    IN_DOUBT = "in doubt"
    """It may have been done: look it up before it is tried again."""
    REFUSED = "refused"
    """The PSA will not take it, however often: park it."""
    FORBIDDEN = "forbidden"
    """A right is missing, of ours or for this ticket: try again, and park it where the PSA takes others meanwhile."""
    LOCKED_OUT = "locked out"
    """It is us whom the PSA refuses, not the walk: wait for a person to mend the credentials."""


DENIED: Final = frozenset({Verdict.FORBIDDEN, Verdict.LOCKED_OUT})
"""The PSA refuses us, not what we wrote: a person has something to mend."""


def verdict(status: int) -> Verdict:
    """What a status code says of a write."""
    if 200 <= status < 300:
        return Verdict.DONE
    if status == 429:
        return Verdict.NOT_DONE
    if status == 401:
        return Verdict.LOCKED_OUT
    if status == 403:
        return Verdict.FORBIDDEN
    if status in {408, 409, 425} or not 400 <= status < 500:
        return Verdict.IN_DOUBT
    return Verdict.REFUSED


def retry_after(header: str | None, now: float) -> float | None:
    """Seconds that a Retry-After header asks for, given as seconds or as an HTTP date; None where it says nothing."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(0.0, (at - datetime.fromtimestamp(now, UTC)).total_seconds()), LONGEST_WAIT)


def backoff(failures: int, first: float, longest: float, chance: random.Random) -> float:
    """Seconds to wait after so many failures in a row: doubled each time; of that, half to the whole, by chance."""
    whole = min(longest, first * 2.0 ** min(failures - 1, 30))
    return whole * chance.uniform(0.5, 1.0)
