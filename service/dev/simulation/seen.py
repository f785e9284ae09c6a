"""What came out on the topics: each thing once, however often it was sent."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from service.dev.simulation.expected import DeadLetter, Fields, Rejection
from service.dev.simulation.views import event_view, parse_event

_REJECTED = "l1.walk.command-rejected.v1"
_TOPICS = {
    "l1.walk.resolved.v1": "resolved",
    "l1.walk.escalated.v1": "escalated",
    "l1.walk.started.v1": "lifecycle",
    "l1.walk.abandoned.v1": "lifecycle",
    "l1.walk.feedback-recorded.v1": "lifecycle",
    "l1.walk.proposal-validated.v1": "lifecycle",
    _REJECTED: "rejected",
}
OUTPUTS = ("resolved", "escalated", "lifecycle", "rejected", "dead-letter")
"""The topics that we write, without their prefix."""

_ORIGIN = tuple(f"x-walk-origin-{name}" for name in ("topic", "partition", "offset"))
_TELLING = 12
"""A note of fewer characters may stand in a text by chance."""


class Message(NamedTuple):
    """A record of one of our topics; `topic` without its prefix."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


class Seen:
    """Messages read in the order of their partitions, and what was wrong with one by itself.

    `events` by type and session id, without the rejections; `again` counts what came a second time, as it may
    (design 9, rule 6), if it is the same as the first.
    """

    def __init__(self) -> None:
        self.events: dict[tuple[str, str], list[Fields]] = defaultdict(list)
        self.rejections: Counter[Rejection] = Counter()
        self.dead_letters: Counter[DeadLetter] = Counter()
        self.again = 0
        self.differences: list[str] = []
        self._first: dict[str, bytes] = {}
        self._versions: dict[tuple[str, str], int] = {}

    def add(self, message: Message) -> None:
        """Take the next message of a partition."""
        if message.topic == "dead-letter":
            self._add_dead_letter(message)
            return
        try:
            event = parse_event(message.value)
        except (ValueError, TypeError) as error:
            self.differences.append(f"topic {message.topic}: no event: {error}")
            return
        if self._is_first(f"event {event['id']}", message):
            self._add_event(message, event)

    def _is_first(self, what: str, message: Message) -> bool:
        digest = hashlib.blake2b(repr(message[:3]).encode(), digest_size=16).digest()
        if what not in self._first:
            self._first[what] = digest
            return True
        self.again += 1
        if self._first[what] != digest:
            self.differences.append(f"{what}: came again, and is another")
        return False

    def _add_event(self, message: Message, event: Mapping[str, Any]) -> None:
        kind, session_id = event["type"], event["subject"]
        what = f"walk {session_id}: {plain_kind(kind)}"
        if _TOPICS.get(kind) != message.topic:
            self.differences.append(f"{what} is on the topic {message.topic}")
        self._check_order(what, (message.topic, session_id), event.get("sessionversion"))
        try:
            if kind == _REJECTED:
                self._add_rejection(what, message, event)
            else:
                fields = event_view(event, message.key)
                self.events[kind, session_id].append(fields)
                self._check_discretion(what, fields)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self.differences.append(f"{what} is not as the contract has it: {error!r}")

    def _check_order(self, what: str, place: tuple[str, str], version: int | None) -> None:
        if version is None:
            return
        if version < self._versions.get(place, 0):
            self.differences.append(f"{what} of version {version} came after a later one on {place[0]}")
        self._versions[place] = version

    def _add_rejection(self, what: str, message: Message, event: Mapping[str, Any]) -> None:
        data = event["data"]
        fields = sorted({error["field"] for error in data.get("errors") or ()})
        rejection = Rejection(event["subject"], event["causationid"], data["reason"], tuple(fields))
        self.rejections[rejection] += 1
        if message.key != rejection.session_id.encode():
            self.differences.append(f"{what}: key is {message.key!r}, expected {rejection.session_id}")

    def _check_discretion(self, what: str, fields: Fields) -> None:
        told, notes = fields.get("customer_summary"), fields.get("note_texts")
        if not isinstance(told, str) or not isinstance(notes, list):
            return
        if any(isinstance(note, str) and len(note) >= _TELLING and note in told for note in notes):
            self.differences.append(f"{what}: customer_summary tells the client a technician's note")

    def _add_dead_letter(self, message: Message) -> None:
        headers = {name: (value or b"").decode(errors="replace") for name, value in message.headers}
        missing = [name for name in (*_ORIGIN, "x-walk-class", "x-walk-error") if not headers.get(name)]
        if missing:
            self.differences.append(f"dead letter of key {message.key!r}: no header {', '.join(missing)}")
        elif self._is_first(f"dead letter {'/'.join(headers[name] for name in _ORIGIN)}", message):
            self.dead_letters[DeadLetter(message.key, message.value, headers["x-walk-class"])] += 1


def plain_kind(event_type: str) -> str:
    """An event type as people say it: `resolved` for `l1.walk.resolved.v1`."""
    return event_type.removeprefix("l1.walk.").removesuffix(".v1")
