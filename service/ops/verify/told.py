"""What stands on the topics of events and of dead letters, and what is owed to them."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

import msgspec
from aiokafka import ConsumerRecord

from l1_walk_contracts import Topics
from service.ops.verify.prints import print_message
from service.ops.verify.report import Finding, Kind, Place, What
from service.store.outbox import Headers

Owed = tuple[str, bytes | None, Headers, bytes | None]
"""Topic, key, headers and value of a message."""

_ORIGIN = "x-walk-origin-"
_FAULT = ("x-walk-class", "x-walk-error")


class Envelope(msgspec.Struct):
    """What tells one event from another."""

    id: str
    type: str
    subject: str
    causationid: str
    accountid: str | None = None
    sessionversion: int | None = None


class _Place(msgspec.Struct):
    topic: str
    partition: int
    offset: int


class _Rejection(msgspec.Struct):
    reason: str
    origin: _Place
    errors: msgspec.Raw = msgspec.Raw()
    command: msgspec.Raw = msgspec.Raw()


class _Rejected(msgspec.Struct):
    data: _Rejection
    sessionversion: int | None = None


read_envelope = msgspec.json.Decoder(Envelope).decode
_read_rejection = msgspec.json.Decoder(_Rejected).decode


class Told:
    """Copies what was told to the spill: one row for each variant of a message, where it first appeared.

    Args:
        spill: where to.
        topics: their names.
        strange: is told of what is nothing of ours.
    """

    def __init__(self, spill: sqlite3.Connection, topics: Topics, strange: Callable[[Finding], None]) -> None:
        self._spill = spill
        self._topics = topics
        self._numbers = numbers(topics)
        self._tell_strange = strange

    def read(self, records: Sequence[ConsumerRecord]) -> None:
        """Take in records as they stand on their topic, in order."""
        self._take(((r.topic, r.key, r.headers, r.value), r.partition, r.offset) for r in records)

    def owe(self, messages: Sequence[Owed]) -> None:
        """Take in messages that the outbox holds."""
        self._take((message, -1, None) for message in messages)

    def _take(self, messages: Iterable[tuple[Owed, int, int | None]]) -> None:
        events, letters = [], []
        for message, partition, offset in messages:
            if message[0] == self._topics.dead_letter:
                row = self._letter(message, partition, offset)
                letters += [] if row is None else [row]
            else:
                event = self._event(message, partition, offset)
                events += [] if event is None else [event]
        if events:
            self._spill.executemany(_ADD_EVENT, events)
        if letters:
            self._spill.executemany(_ADD_LETTER, letters)

    def _event(self, message: Owed, partition: int, offset: int | None) -> tuple[object, ...] | None:
        topic, key, headers, value = message
        try:
            told = read_envelope(value or b"")
            session = UUID(told.subject).bytes
            origin = self._rejection(value or b"") if topic == self._topics.rejected else None
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
            self._strange(topic, partition, offset, "no event of ours")
            return None
        place = (None, None) if origin is None else (origin.partition, origin.offset)
        return (
            event_key(told.id), print_message(key, headers, value), self._numbers[topic], partition, offset,
            session, told.causationid, told.type, *place,
        )  # fmt: skip

    def _rejection(self, value: bytes) -> _Place | None:
        told = _read_rejection(value)
        origin = told.data.origin
        if origin.topic != self._topics.commands:
            return None
        errors = bytes(told.data.errors).decode() or None
        self._spill.execute(
            "INSERT OR IGNORE INTO rejections VALUES (?, ?, ?, ?, ?, ?)",
            (
                origin.partition,
                origin.offset,
                told.data.reason,
                errors,
                told.sessionversion,
                not bytes(told.data.command),
            ),
        )
        return origin

    def _letter(self, message: Owed, partition: int, offset: int | None) -> tuple[object, ...] | None:
        topic, key, headers, value = message
        told = {
            name: (content or b"").decode("utf-8", "replace")
            for name, content in headers
            if name.startswith("x-walk-")
        }
        try:
            if told[f"{_ORIGIN}topic"] != self._topics.commands:
                return None
            place = int(told[f"{_ORIGIN}partition"]), int(told[f"{_ORIGIN}offset"])
            class_, error = (told[name] for name in _FAULT)
        except (KeyError, ValueError):
            self._strange(topic, partition, offset, "no dead letter of ours")
            return None
        return *place, print_letter(key, headers, value), class_, error, partition, offset

    def _strange(self, topic: str, partition: int, offset: int | None, text: str) -> None:
        self._tell_strange(Finding(Kind.TWICE, What.RECORD, text, place=Place(topic, partition, offset)))


def numbers(topics: Topics) -> dict[str, int]:
    """The topics of events by number, as the spill names them."""
    return {
        name: number
        for number, name in enumerate((topics.lifecycle, topics.resolved, topics.escalated, topics.rejected))
    }


def print_letter(key: bytes | None, headers: Headers, value: bytes | None) -> int:
    """The print of a message of the dead-letter topic, without the fault, which each redrive may find anew."""
    return print_message(key, [(name, text) for name, text in headers if name not in _FAULT], value)


def event_key(id_: str) -> bytes:
    """An event's id in few bytes; of what is no UUID, the text."""
    try:
        return bytes.fromhex(id_.replace("-", "")) if len(id_) == 36 else id_.encode()
    except ValueError:
        return id_.encode("utf-8", "replace")


def event_name(key: bytes) -> str:
    """The id of which `event_key` made this."""
    return str(UUID(bytes=key)) if len(key) == 16 else key.decode("utf-8", "replace")


_ADD_EVENT = """
INSERT INTO found VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)
ON CONFLICT DO UPDATE SET times = times + 1
"""

_ADD_LETTER = """
INSERT INTO found_letters VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7 IS NOT NULL)
ON CONFLICT DO UPDATE SET times = times + (excluded.at_offset IS NOT NULL),
  at_partition = iif(at_offset IS NULL, excluded.at_partition, at_partition),
  at_offset = coalesce(at_offset, excluded.at_offset)
"""
