"""Dead letters: the record whole for the table, and as the dead-letter topic takes it (design 3)."""

from uuid import NAMESPACE_URL, UUID, uuid5

from l1_walk_contracts import Command, DeadLetterClass, Invalid, Unsupported
from service.domain.timestamps import milliseconds, record_time
from service.pipeline.decode import Decoded, Failed, Readable
from service.store.dead_letters import PARKED, DeadLetter
from service.store.outbox import Headers, Message

VALUE_BYTES = 1_800_000
"""What of a value the topic takes; with headers and key below it stays within `max.message.bytes` of 2 MiB."""
HEADERS_BYTES = 200_000
KEY_BYTES = 50_000


def dead_letter(topic: str, one: Decoded, letter_class: DeadLetterClass, error: str) -> DeadLetter:
    """The record as a dead letter; its id is that of its place, so that it is the same whenever it is read."""
    return _letter(topic, one, letter_class, error, None)


def parked_letter(topic: str, one: Decoded, behind: UUID) -> DeadLetter:
    """The record as one that waits behind a dead letter of its session."""
    return _letter(topic, one, PARKED, "waits behind a dead letter of its session", behind)


def letter_id(topic: str, partition: int, offset: int) -> UUID:
    """The id of a dead letter made of the record at this place."""
    return uuid5(NAMESPACE_URL, f"l1-walk-dead-letter:{topic}/{partition}/{offset}")


def account_id(message: Readable | Failed) -> UUID | None:
    """The account that a message names; None where that cannot be read."""
    if isinstance(message, Failed):
        message = message.message
    if isinstance(message, Command):
        return message.data.account_id
    return message.account_id if isinstance(message, Invalid | Unsupported) else None


def letter_message(letter: DeadLetter, topic: str) -> Message:
    """What the dead-letter topic gets: as received, with the origin; cut where it would not fit, and marked so."""
    stamp = milliseconds(letter.record_timestamp)
    origin = {
        "x-walk-class": letter.letter_class,
        "x-walk-error": letter.error,
        "x-walk-origin-topic": letter.topic,
        "x-walk-origin-partition": str(letter.partition),
        "x-walk-origin-offset": str(letter.offset),
        "x-walk-origin-timestamp": "" if stamp < 0 else str(stamp),
    }
    headers, cut = _fitting(letter.headers)
    key, value = letter.key, letter.value
    if key is not None and len(key) > KEY_BYTES:
        key = key[:KEY_BYTES]
        cut.append("key")
    if value is not None and len(value) > VALUE_BYTES:
        value = value[:VALUE_BYTES]
        cut.append("value")
    if cut:
        origin["x-walk-truncated"] = ",".join(cut)
    return Message(
        partition=letter.partition,
        offset=letter.offset,
        number=0,
        topic=topic,
        target_partition=letter.partition,
        key=key,
        headers=[*headers, *((name, text.encode()) for name, text in origin.items())],
        value=value,
        session_id=letter.session_id,
        account_id=letter.account_id,
    )


def _letter(topic: str, one: Decoded, letter_class: str, error: str, behind: UUID | None) -> DeadLetter:
    record = one.record
    return DeadLetter(
        id=letter_id(topic, one.partition, one.offset),
        topic=topic,
        partition=one.partition,
        offset=one.offset,
        record_timestamp=record_time(record.timestamp_ms),
        key=record.key,
        headers=record.headers,
        value=record.value,
        session_id=one.session_id,
        account_id=account_id(one.message),
        letter_class=letter_class,
        error=error,
        parked_behind=behind,
    )


def _fitting(headers: Headers) -> tuple[Headers, list[str]]:
    size = 0
    for count, (name, content) in enumerate(headers):
        size += len(name.encode()) + len(content or b"") + 10
        if size > HEADERS_BYTES:
            return headers[:count], ["headers"]
    return headers, []
