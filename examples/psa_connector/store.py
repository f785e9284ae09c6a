"""The connector's memory: events taken, how far each walk is, and the offsets, in one SQLite file.

All instances of a group share the file, on one machine: Kafka says who reads, the claims here say who writes. To run
on several machines put the same statements to a database that all of them reach. Every method is one transaction
that is on the disk when it returns; they take a millisecond or few, so they are called from the event loop as they
are. Times are seconds of the machine's clock, passed in.
"""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from .vendor import STEPS
from .walks import Walk

SCHEMA = """
CREATE TABLE IF NOT EXISTS offsets (topic TEXT, partition INT, next INT NOT NULL, PRIMARY KEY (topic, partition));
CREATE TABLE IF NOT EXISTS walks (
    n INTEGER PRIMARY KEY,           -- the order in which they were taken
    id TEXT NOT NULL UNIQUE,         -- the event's; of a record that cannot be read, where it stood
    topic TEXT NOT NULL, partition INT NOT NULL, "offset" INT NOT NULL,
    ticket TEXT NOT NULL, ended_at TEXT NOT NULL,
    key BLOB, value BLOB,            -- as received; null once done
    state TEXT NOT NULL,             -- open, done, parked
    step INT NOT NULL DEFAULT 0,     -- the steps that are written
    in_doubt INT NOT NULL DEFAULT 0, -- whether the next one may be written already
    failures INT NOT NULL DEFAULT 0, attempts INT NOT NULL DEFAULT 0, tried_at REAL NOT NULL DEFAULT 0,
    due REAL NOT NULL DEFAULT 0,     -- not to be tried before
    claim TEXT, claimed_until REAL NOT NULL DEFAULT 0,
    at REAL NOT NULL,                -- when it was taken, then when it was done or parked
    reason TEXT
);
CREATE INDEX IF NOT EXISTS open_walks ON walks (ticket, n) WHERE state = 'open';
CREATE INDEX IF NOT EXISTS due_walks ON walks (n) WHERE state = 'open';
CREATE INDEX IF NOT EXISTS done_walks ON walks (at) WHERE state = 'done';
CREATE INDEX IF NOT EXISTS newest ON walks (ticket, ended_at);
CREATE TABLE IF NOT EXISTS calls (n INTEGER PRIMARY KEY, endpoint TEXT, answered INT NOT NULL DEFAULT 0, until REAL);
CREATE INDEX IF NOT EXISTS calls_until ON calls (until);
CREATE TABLE IF NOT EXISTS psa (one INT PRIMARY KEY CHECK (one = 1), closed_until REAL, last_ok REAL);
INSERT OR IGNORE INTO psa VALUES (1, 0, 0);
"""
BUSY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Taken:
    """A record to be kept: a walk, or one that cannot be read, with the reason."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    walk: Walk | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A walk that is ours to write, as long as nobody has claimed it after us."""

    n: int
    claim: str
    """Of this claim alone: whoever claims it after us, be it this very process, has another."""
    id: str
    key: bytes | None
    value: bytes | None
    step: int
    in_doubt: bool
    failures: int


class LostClaimError(Exception):
    """It was claimed again since: what we know of it is out of date, leave it alone."""


def connect(path: Path) -> sqlite3.Connection:
    """The store's file, made where it is not there."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    path.chmod(0o600)
    with transaction(connection):
        for statement in SCHEMA.split(";\n"):
            connection.execute(statement)
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All or nothing; the write lock is taken at once, so that what was read still holds when it is written."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


class Store:
    """What an instance does with the file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def take(self, taken: Iterable[Taken], next_offsets: Mapping[tuple[str, int], int], now: float) -> int:
        """Keep what is new among these, and where to read on; how many were new."""
        with transaction(self._db) as db:
            before = db.total_changes
            for record in taken:
                walk, place = record.walk, f"{record.topic}/{record.partition}/{record.offset}"
                db.execute(
                    "INSERT OR IGNORE INTO walks"
                    ' (id, topic, partition, "offset", ticket, ended_at, key, value, state, at, reason)'
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        walk.event_id if walk else place, record.topic, record.partition, record.offset,
                        walk.ticket if walk else place, moment(walk) if walk else "", record.key, record.value,
                        "open" if walk else "parked", now, record.reason,
                    ),
                )  # fmt: skip
            new = db.total_changes - before
            db.executemany(
                "INSERT INTO offsets VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET next = excluded.next",
                [(*place, offset) for place, offset in next_offsets.items()],
            )
        return new

    def next_offset(self, topic: str, partition: int) -> int | None:
        """Where to read on; None where nothing was read yet."""
        found = self._db.execute(
            "SELECT next FROM offsets WHERE topic = ? AND partition = ?", (topic, partition)
        ).fetchone()
        return None if found is None else int(found[0])

    def written_offset(self, topic: str, partition: int) -> int | None:
        """Before which all is written or parked: what Kafka is told, so that a lost store loses no walk."""
        found = self._db.execute(
            "SELECT min(\"offset\") FROM walks WHERE topic = ? AND partition = ? AND state = 'open'",
            (topic, partition),
        ).fetchone()
        return self.next_offset(topic, partition) if found[0] is None else int(found[0])

    def open_count(self) -> int:
        """Walks that are not written yet."""
        return int(self._db.execute("SELECT count(*) FROM walks WHERE state = 'open'").fetchone()[0])

    def claim(self, count: int, now: float, until: float, but: Collection[int] = ()) -> list[Claimed]:
        """Walks that are due, of each ticket the first alone, and that nobody has; until then nobody else has them.

        `but`: not these.
        """
        claim = token_hex(8)
        with transaction(self._db) as db:
            rows = db.execute(
                "SELECT * FROM walks AS w WHERE state = 'open' AND due <= ? AND claimed_until <= ? AND NOT EXISTS"
                " (SELECT 1 FROM walks AS b WHERE b.ticket = w.ticket AND b.state = 'open' AND b.n < w.n)"
                f" AND n NOT IN ({','.join(map(str, but))}) ORDER BY n LIMIT ?",
                (now, now, count),
            ).fetchall()
            db.executemany(
                "UPDATE walks SET claim = ?, claimed_until = ? WHERE n = ?",
                [(claim, until, row["n"]) for row in rows],
            )
        same = ("n", "id", "key", "value", "step", "failures")
        return [
            Claimed(claim=claim, in_doubt=bool(row["in_doubt"]), **{name: row[name] for name in same})
            for row in rows
        ]

    def overtaken(self, walk: Walk) -> bool:
        """Whether a walk of the same ticket that ended later is known."""
        found = self._db.execute(
            "SELECT 1 FROM walks WHERE ticket = ? AND (ended_at, id) > (?, ?) LIMIT 1",
            (walk.ticket, moment(walk), walk.event_id),
        ).fetchone()
        return found is not None

    def stepped(self, mine: Claimed, now: float, until: float, times: int = 1) -> None:
        """The next step is written; with the last one the walk is done, and what it said is forgotten."""
        done = f"step + {int(times)} >= {len(STEPS)}"
        self._change(
            mine,
            f"step = step + {int(times)}, in_doubt = 0, failures = 0, attempts = 0, claimed_until = ?,"
            f" state = CASE WHEN {done} THEN 'done' ELSE state END, at = CASE WHEN {done} THEN ? ELSE at END,"
            f" key = CASE WHEN {done} THEN NULL ELSE key END, value = CASE WHEN {done} THEN NULL ELSE value END",
            (until, now),
        )

    def failed(
        self, mine: Claimed, now: float, due: float, in_doubt: bool | None, reason: str, *, counts: bool
    ) -> int:
        """Try it again when it is due; how often this step failed while the PSA answered others.

        `in_doubt` None: as it was; `counts`: whether it says anything about the walk.
        """
        self._change(
            mine,
            "failures = failures + 1, attempts = attempts + (? AND tried_at < (SELECT last_ok FROM psa)),"
            " tried_at = ?, due = ?, in_doubt = coalesce(?, in_doubt), reason = ?, claimed_until = 0",
            (counts, now, due, in_doubt, reason),
        )
        return int(self._db.execute("SELECT attempts FROM walks WHERE n = ?", (mine.n,)).fetchone()[0])

    def release(self, mine: Claimed) -> None:
        """Let others have it, as it is."""
        self._change(mine, "claimed_until = 0", ())

    def park(self, mine: Claimed, now: float, reason: str) -> None:
        """Put it aside until a person says `retry`."""
        self._change(mine, "state = 'parked', at = ?, reason = ?", (now, reason))

    def forget(self, before: float) -> None:
        """Drop what was done so long ago that its event cannot come again."""
        self._db.execute("DELETE FROM walks WHERE state = 'done' AND at < ?", (before,))

    def _change(self, mine: Claimed, change: str, values: tuple[object, ...]) -> None:
        changed = self._db.execute(
            f"UPDATE walks SET {change} WHERE n = ? AND claim = ? AND state = 'open'",
            (*values, mine.n, mine.claim),
        )
        if not changed.rowcount:
            raise LostClaimError


def moment(walk: Walk) -> str:
    """`ended_at` as text that sorts by time."""
    return walk.ended_at.isoformat(timespec="microseconds")


def step_name(step: int) -> str:
    """Which step comes after so many."""
    return STEPS[step].value if step < len(STEPS) else "nothing"
