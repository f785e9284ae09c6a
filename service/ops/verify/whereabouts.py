"""Where a session lives, for what came from elsewhere; and what waits until all partitions are read."""

import sqlite3
from collections.abc import Iterator
from uuid import UUID

from l1_walk_contracts import Command, Settle
from service.ops.verify.due import pack_record, read_record
from service.ops.verify.walks import Walk
from service.pipeline.decode import Decoded, decode_record
from service.pipeline.fold import Known
from service.pipeline.letters import letter_id
from service.store.held import Hold
from service.store.inbox import Key


class Whereabouts:
    """Asks the spill about the session of a record, which must name one.

    Args:
        spill: what stands in the database.
        topic: the commands topic.
    """

    def __init__(self, spill: sqlite3.Connection, topic: str) -> None:
        self._spill = spill
        self._topic = topic

    def is_away(self, one: Decoded, walk: Walk | None) -> bool:
        """Whether the session lives in another partition, as far as can be told."""
        if walk is not None:
            home = walk.held_in if walk.session is None else walk.session.home_partition
        else:
            home = self._kept_home(one)
        return home is not None and home != one.partition

    def is_kept(self, one: Decoded) -> bool:
        """Whether the database has the session."""
        return self._spill.execute(_KEPT_HOME, (_session(one),)).fetchone() is not None

    def was_handled_before(self, one: Decoded) -> bool:
        """Whether the inbox has the command from another place."""
        row = self._kept_entry(one)
        return row is not None and row[:2] != (one.partition, one.offset)

    def handled_elsewhere(self, one: Decoded) -> dict[Key, bytes]:
        """The command with its digest, where the inbox has it from another partition."""
        row = self._kept_entry(one)
        if row is None or row[0] == one.partition or not isinstance(one.message, Command):
            return {}
        assert one.session_id is not None
        return {(one.session_id, one.message.source, one.message.id): row[2]}

    def put_aside(self, one: Decoded) -> None:
        """Note a fault of a session that lives elsewhere: while it had no home yet, it was held here."""
        letter = letter_id(self._topic, one.partition, one.offset)
        self._spill.execute(_ADD_HEAD, (_session(one), one.partition, letter.bytes))

    def held_here(self, one: Decoded) -> Known | None:
        """The database as it was while the session was held in this partition; None where it was not."""
        row = self._spill.execute(_HEAD, (_session(one), one.partition)).fetchone()
        if row is None or one.session_id is None:
            return None
        hold = Hold(one.session_id, UUID(bytes=row[0]), one.partition)
        return Known({}, {}, (), (), {one.session_id: hold})

    def release(self, letter: bytes) -> None:
        """A session that lives elsewhere is not held behind this letter any more."""
        self._spill.execute("DELETE FROM heads_away WHERE letter = ?", (letter,))

    def wait(self, one: Decoded) -> None:
        """Keep a command until all partitions are read."""
        key = (_session(one), one.record.timestamp_ms, one.partition, one.offset)
        self._spill.execute("INSERT INTO crossing VALUES (?, ?, ?, ?, ?)", (*key, pack_record(one.record)))

    def waits(self, session_id: UUID) -> bool:
        """Whether commands of this session wait."""
        return self._spill.execute(f"{_WAITING} LIMIT 1", (session_id.bytes,)).fetchone() is not None

    def waiting(self) -> Iterator[tuple[UUID, list[Decoded]]]:
        """All that waits: session by session, by time."""
        for (session,) in self._spill.execute("SELECT DISTINCT session FROM crossing").fetchall():
            rows = self._spill.execute(f"{_WAITING} ORDER BY {_BY_TIME}", (session,)).fetchall()
            yield (
                UUID(bytes=session),
                [decode_record(number, offset, read_record(packed)) for number, offset, packed in rows],
            )

    def _kept_home(self, one: Decoded) -> int | None:
        """Where the database has the session, or its hold."""
        key = (_session(one),)
        row = (
            self._spill.execute(_KEPT_HOME, key).fetchone() or self._spill.execute(_KEPT_HOLD, key).fetchone()
        )
        return None if row is None else row[0]

    def _kept_entry(self, one: Decoded) -> tuple[int, int, bytes] | None:
        """Where the inbox has the command from, and its digest."""
        if not isinstance(one.message, Command):
            return None
        key = (_session(one), one.message.source, one.message.id)
        row: tuple[int, int, bytes] | None = self._spill.execute(_KEPT_ENTRY, key).fetchone()
        return row


def _session(one: Decoded) -> bytes:
    id_ = UUID(one.message.session_id) if isinstance(one.message, Settle) else one.session_id
    assert id_ is not None
    return id_.bytes


_KEPT_HOME = "SELECT home FROM kept_sessions WHERE session = ?"
_KEPT_HOLD = "SELECT partition FROM kept_holds WHERE session = ?"
_KEPT_ENTRY = """
SELECT partition, "offset", digest FROM kept_inbox WHERE session = ? AND source = ? AND command = ?
"""
_ADD_HEAD = "INSERT OR IGNORE INTO heads_away VALUES (?, ?, ?)"
_HEAD = "SELECT letter FROM heads_away WHERE session = ? AND partition = ?"
_WAITING = 'SELECT partition, "offset", record FROM crossing WHERE session = ?'
_BY_TIME = 'stamp, partition, "offset"'
