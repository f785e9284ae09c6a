"""What is too much for memory: a SQLite file of this run alone, gone when it ends.

One half is what stands in the database and on the topics, the other what must stand there; the comparison is a join.
Texts of commands are in it for walks under way, so it lies in a directory that nobody else may read.
"""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CACHE_KIB = 64 * 1024
"""What of the file SQLite holds in memory."""


@contextmanager
def open_spill() -> Iterator[sqlite3.Connection]:
    """The file, empty; removed when the block ends."""
    with tempfile.TemporaryDirectory(prefix="walk-verify-") as folder:
        spill = sqlite3.connect(Path(folder) / "spill.sqlite", isolation_level=None, cached_statements=256)
        try:
            for pragma in (
                "journal_mode = OFF",
                "synchronous = OFF",
                "locking_mode = EXCLUSIVE",
                f"cache_size = -{CACHE_KIB}",
            ):
                spill.execute(f"PRAGMA {pragma}")
            spill.executescript(_TABLES)
            spill.execute("BEGIN")
            yield spill
        finally:
            spill.close()


_TABLES = """
-- what stands in the database
CREATE TABLE kept_sessions (
  session BLOB PRIMARY KEY, home INTEGER, ended INTEGER, updated REAL, columns BLOB
) WITHOUT ROWID;
CREATE TABLE kept_inbox (
  session BLOB, source TEXT, command TEXT, digest BLOB, outcome TEXT, reason TEXT, version INTEGER,
  partition INTEGER, "offset" INTEGER, PRIMARY KEY (session, source, command)
) WITHOUT ROWID;
CREATE TABLE kept_letters (
  partition INTEGER, "offset" INTEGER, id BLOB, class TEXT, error TEXT, state TEXT, behind BLOB, attempts INTEGER,
  outcome TEXT, reason TEXT, settled_by TEXT, session BLOB, content INTEGER, PRIMARY KEY (partition, "offset")
) WITHOUT ROWID;
CREATE TABLE kept_holds (session BLOB PRIMARY KEY, letter BLOB, partition INTEGER) WITHOUT ROWID;

-- what stands on the topics or is owed to them ("offset" null); each variant where it first appeared
CREATE TABLE found (
  id BLOB, digest INTEGER, topic INTEGER, partition INTEGER, "offset" INTEGER, session BLOB, causation TEXT,
  type TEXT, origin_partition INTEGER, origin_offset INTEGER, times INTEGER,
  PRIMARY KEY (id, digest, topic, partition)
) WITHOUT ROWID;
CREATE TABLE rejections (
  partition INTEGER, "offset" INTEGER, reason TEXT, errors TEXT, version INTEGER, bodiless INTEGER,
  PRIMARY KEY (partition, "offset")
) WITHOUT ROWID;
CREATE TABLE found_letters (
  partition INTEGER, "offset" INTEGER, digest INTEGER, class TEXT, error TEXT, at_partition INTEGER,
  at_offset INTEGER, times INTEGER, PRIMARY KEY (partition, "offset", digest)
) WITHOUT ROWID;

-- what must stand there
CREATE TABLE walks (
  session BLOB PRIMARY KEY, state BLOB, columns BLOB, account BLOB, head BLOB, held_in INTEGER
) WITHOUT ROWID;
CREATE TABLE due_inbox (
  session BLOB, source TEXT, command TEXT, digest BLOB, outcome TEXT, reason TEXT, version INTEGER,
  partition INTEGER, "offset" INTEGER, PRIMARY KEY (session, source, command)
) WITHOUT ROWID;
CREATE TABLE due (
  id BLOB PRIMARY KEY, digest INTEGER, topic INTEGER, target INTEGER, session BLOB, source TEXT, command TEXT,
  type TEXT, partition INTEGER, "offset" INTEGER, at INTEGER, seq INTEGER, stamp INTEGER
) WITHOUT ROWID;
CREATE TABLE due_letters (
  partition INTEGER, "offset" INTEGER, id BLOB, session BLOB, account BLOB, parked INTEGER, digest INTEGER,
  stamp INTEGER, state TEXT, behind BLOB, failures INTEGER, outcome TEXT, reason TEXT, settled_by TEXT, content INTEGER,
  record BLOB, PRIMARY KEY (partition, "offset")
) WITHOUT ROWID;
CREATE INDEX due_letters_id ON due_letters (id);
CREATE INDEX due_letters_behind ON due_letters (behind) WHERE behind IS NOT NULL;
CREATE TABLE altered (id BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID;

-- what cannot be decided where it stands, or not at all
CREATE TABLE crossing (
  session BLOB, stamp INTEGER, partition INTEGER, "offset" INTEGER, record BLOB,
  PRIMARY KEY (session, stamp, partition, "offset")
) WITHOUT ROWID;
CREATE TABLE reach (
  partition INTEGER PRIMARY KEY, begin INTEGER, stop INTEGER, whole INTEGER
);
CREATE TABLE set_ranges (partition INTEGER, begin INTEGER, stop INTEGER);
CREATE TABLE heads_away (
  session BLOB, partition INTEGER, letter BLOB, PRIMARY KEY (session, partition)
) WITHOUT ROWID;
CREATE TABLE unchecked (session BLOB PRIMARY KEY, reason TEXT) WITHOUT ROWID;
CREATE TABLE erased (account BLOB PRIMARY KEY, now INTEGER) WITHOUT ROWID;
CREATE TABLE later (session BLOB, command TEXT, PRIMARY KEY (session, command)) WITHOUT ROWID;
"""
