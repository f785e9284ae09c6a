"""What the PSA refused: list it, try it again, or let it be."""

import sqlite3
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from .store import step_name


def list_parked(db: sqlite3.Connection) -> list[str]:
    """A line for each: its number, since when, the ticket, the step that was refused, why."""
    rows = db.execute("SELECT * FROM walks WHERE state = 'parked' ORDER BY n").fetchall()
    return [
        f"{row['n']}  {datetime.fromtimestamp(row['at'], UTC):%Y-%m-%d %H:%M}"
        f"  ticket {row['ticket'].rpartition('/')[2]}"
        f"  {step_name(row['step'])}  {row['reason']}  ({row['id']})"
        for row in rows
    ]


def retry(db: sqlite3.Connection, numbers: Sequence[int] | None) -> int:
    """Open them again, None: all; how many. A connector that runs on the store takes them within a second."""
    return _settle(db, "state = 'open', failures = 0, attempts = 0, claimed_until = 0", numbers)


def drop(db: sqlite3.Connection, numbers: Sequence[int]) -> int:
    """Never write them, and forget what they said; how many."""
    return _settle(db, f"state = 'done', key = NULL, value = NULL, at = {time.time()}", numbers)


def _settle(db: sqlite3.Connection, change: str, numbers: Sequence[int] | None) -> int:
    statement = f"UPDATE walks SET {change} WHERE state = 'parked'"
    if numbers is None:
        return db.execute(statement).rowcount
    return sum(db.execute(f"{statement} AND n = ?", (n,)).rowcount for n in numbers)
