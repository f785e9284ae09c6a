"""The vendor's limits, kept in the store: they hold across kills, and over all instances that share it.

A call counts in the window until `window` after it ended, and as under way until it was answered; one whose answer
never came, until the time after which the PSA cannot be at it any more. So at the PSA, whatever a call's way there
took, no window ever sees more than the limit.
"""

import sqlite3

from .store import Claimed, LostClaimError, transaction
from .vendor import Limits

PAUSE = 0.05
"""Between looks at an endpoint that is full, because another instance is at it."""


class Calls:
    """Permits for calls. `take` one, make the call, say that it `ended`."""

    def __init__(self, connection: sqlite3.Connection, limits: Limits) -> None:
        self._db = connection
        self._limits = limits
        self._window = limits.window.total_seconds()

    def take(self, endpoint: str, now: float, until: float, *, writes: Claimed | None = None) -> int | float:
        """A permit's number, or (a float) how many seconds to wait before asking again.

        `until`: when the call is over whatever happens. `writes`: the walk of which this call writes the
        next step; with the permit its claim is held until then, and the step is in doubt. Raises LostClaimError.
        """
        with transaction(self._db) as db:
            db.execute("DELETE FROM calls WHERE until <= ?", (now - self._window,))
            if wait := self._wait(db, endpoint, now):
                return wait
            if writes is not None:
                held = db.execute(
                    "UPDATE walks SET in_doubt = 1, claimed_until = ?"
                    " WHERE n = ? AND claim = ? AND state = 'open'",
                    (until, writes.n, writes.claim),
                )
                if not held.rowcount:
                    raise LostClaimError
            call = db.execute("INSERT INTO calls (endpoint, until) VALUES (?, ?)", (endpoint, until))
        return int(call.lastrowid or 0)

    def ended(self, call: int, now: float, *, ok: bool) -> None:
        """It was answered."""
        with transaction(self._db) as db:
            db.execute("UPDATE calls SET answered = 1, until = ? WHERE n = ?", (now, call))
            if ok:
                db.execute("UPDATE psa SET last_ok = ?", (now,))

    def close(self, until: float) -> None:
        """The PSA asks for no call at all before then (429 with Retry-After)."""
        self._db.execute("UPDATE psa SET closed_until = max(closed_until, ?)", (until,))

    def _wait(self, db: sqlite3.Connection, endpoint: str, now: float) -> float:
        closed_until = float(db.execute("SELECT closed_until FROM psa").fetchone()[0])
        if closed_until > now:
            return closed_until - now
        counted = int(db.execute("SELECT count(*) FROM calls").fetchone()[0])
        if counted >= self._limits.calls:
            first = db.execute("SELECT min(until) FROM calls").fetchone()[0]
            return max(PAUSE, float(first) + self._window - now)
        under_way = db.execute(
            "SELECT count(*) FROM calls WHERE endpoint = ? AND answered = 0 AND until > ?", (endpoint, now)
        ).fetchone()[0]
        return PAUSE if int(under_way) >= self._limits.parallel else 0.0
