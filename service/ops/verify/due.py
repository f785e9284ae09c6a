"""What must stand in the database and on the topics: the effects of the fold, noted in the spill."""

import sqlite3
from collections.abc import Iterable
from itertools import count
from typing import NamedTuple, cast
from uuid import UUID

import msgspec

from l1_walk_contracts import Command, DeadLetterState, Invalid, Outcome, Record, Topics, Unsupported
from service.ops.verify.prints import print_message
from service.ops.verify.told import event_key, numbers, print_letter, read_envelope
from service.pipeline.decode import Decoded, Failed
from service.store.dead_letters import PARKED, DeadLetter
from service.store.inbox import InboxEntry, Key
from service.store.outbox import Message

_DIGEST = InboxEntry._fields.index("digest")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Record).decode


class DueLetter(NamedTuple):
    """A dead letter as it must stand."""

    partition: int
    offset: int
    id: bytes
    state: str
    behind: bytes | None
    failures: int
    """Redrives that it failed in again."""
    record: bytes


class Due:
    """Notes what must stand there.

    Args:
        spill: where.
        topics: their names.
    """

    def __init__(self, spill: sqlite3.Connection, topics: Topics) -> None:
        self._spill = spill
        self._dead_letter = topics.dead_letter
        self._numbers = numbers(topics)
        self._sequence = count()
        self._entries: dict[Key, tuple[object, ...]] = {}
        self._events: list[tuple[object, ...]] = []

    def seen(self, key: Key) -> bytes | None:
        """The digest of the command that was handled under this identity."""
        row = self._entries.get(key)
        if row is not None:
            return cast("bytes", row[_DIGEST])
        row = self._spill.execute(_SEEN, (key[0].bytes, key[1], key[2])).fetchone()
        return None if row is None else row[0]

    def flush(self) -> None:
        """Bring to the spill what is noted in memory: by the thousand, a row costs a third."""
        self._spill.executemany(_INBOX, self._entries.values())
        self._spill.executemany(_EVENT, self._events)
        self._entries.clear()
        self._events.clear()

    def inbox(self, entries: Iterable[InboxEntry]) -> None:
        """These must be in the inbox."""
        for entry in entries:
            self._entries[entry[:3]] = (entry[0].bytes, *entry[1:])

    def messages(self, one: Decoded, messages: Iterable[Message], at: int) -> None:
        """These must be told for this command, in the order of what was handled at this offset of its partition."""
        for message in messages:
            if message.topic == self._dead_letter:
                printed = print_letter(message.key, message.headers, message.value)
                self._spill.execute(_LETTER_TOLD, (printed, one.partition, one.offset))
            else:
                self._event(one, message, at)

    def letters(self, one: Decoded, letters: Iterable[DeadLetter]) -> None:
        """These must be in the table, open."""
        for letter in letters:
            self._spill.execute(
                _LETTER,
                (
                    letter.partition,
                    letter.offset,
                    letter.id.bytes,
                    letter.session_id and letter.session_id.bytes,
                    letter.account_id and letter.account_id.bytes,
                    letter.letter_class == PARKED,
                    letter.parked_behind and letter.parked_behind.bytes,
                    print_message(letter.key, letter.headers, letter.value),
                    one.record.timestamp_ms,
                    _encode(one.record),
                ),
            )

    def letter(self, id_: UUID, partition: int) -> DueLetter | None:
        """A dead letter of this partition."""
        row = self._spill.execute(
            f"{_FIND} WHERE id = ? AND partition = ?", (id_.bytes, partition)
        ).fetchone()
        return None if row is None else DueLetter._make(row)

    def parked(self, behind: bytes) -> list[DueLetter]:
        """The open letters parked behind one, in order."""
        rows = self._spill.execute(f'{_FIND} WHERE behind = ? ORDER BY partition, "offset"', (behind,))
        return [DueLetter._make(row) for row in rows]

    def settled(
        self,
        letter: DueLetter,
        state: DeadLetterState,
        by: str,
        outcome: Outcome | None = None,
        reason: str = "",
    ) -> None:
        """This letter must be settled."""
        self._spill.execute(_SETTLED, (state, outcome, reason or None, by, letter.partition, letter.offset))

    def failed_again(self, letter: DueLetter) -> None:
        """This letter must have one more attempt."""
        self._spill.execute(_FAILED, (letter.partition, letter.offset))

    def _event(self, one: Decoded, message: Message, at: int) -> None:
        assert message.value is not None
        told = read_envelope(message.value)
        key, printed = event_key(told.id), print_message(message.key, message.headers, message.value)
        command = one.message.message if isinstance(one.message, Failed) else one.message
        assert isinstance(command, Command | Invalid | Unsupported)
        self._events.append(
            (
                key, printed, self._numbers[message.topic], message.target_partition, UUID(told.subject).bytes,
                command.source, command.id, told.type, one.partition, one.offset, at, next(self._sequence),
                one.record.timestamp_ms,
            ),
        )  # fmt: skip
        found = self._spill.execute(_VARIANTS, (key,)).fetchall()
        if found and (printed,) not in found:
            self._spill.execute("INSERT OR REPLACE INTO altered VALUES (?, ?)", (key, message.value))


def read_record(packed: bytes) -> Record:
    """The record of a letter."""
    return _decode(packed)


def pack_record(record: Record) -> bytes:
    """A record in bytes."""
    return _encode(record)


_SEEN = "SELECT digest FROM due_inbox WHERE session = ? AND source = ? AND command = ?"
_INBOX = "INSERT OR REPLACE INTO due_inbox VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_EVENT = "INSERT OR IGNORE INTO due VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_VARIANTS = "SELECT digest FROM found WHERE id = ?"
_LETTER = """
INSERT INTO due_letters
  (partition, "offset", id, session, account, parked, behind, content, stamp, record, state, failures)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', 0)
ON CONFLICT DO UPDATE SET parked = excluded.parked, behind = excluded.behind
"""
_LETTER_TOLD = 'UPDATE due_letters SET digest = ? WHERE partition = ? AND "offset" = ?'
_FIND = 'SELECT partition, "offset", id, state, behind, failures, record FROM due_letters'
_SETTLED = """
UPDATE due_letters SET state = ?, outcome = ?, reason = ?, settled_by = ?, behind = NULL
WHERE partition = ? AND "offset" = ?
"""
_FAILED = 'UPDATE due_letters SET failures = failures + 1 WHERE partition = ? AND "offset" = ?'
