"""Records of any of our topics: two lines for people, one JSON object for programs."""

from datetime import UTC, datetime

import msgspec
from aiokafka import ConsumerRecord
from rich.text import Text

from l1_walk_contracts import EventError, Record, Topics, decode_command, decode_event
from service.cli.views.content import content_json, content_line, headers_json, visible
from service.cli.views.events import Lines, command_lines, event_lines, whole
from service.cli.words import local

_WORD_WIDTH = 12


def record_view(record: ConsumerRecord, topics: Topics) -> tuple[Text, Text]:
    """A record as two lines: when it came, what it is and of which walk; and more.

    The first is cut where the screen ends, and the second, unless it says what is wrong.
    """
    word, style, about, more = _lines(record, topics)
    arrived = "" if record.timestamp < 0 else local(datetime.fromtimestamp(record.timestamp / 1000, UTC))
    head = Text.assemble((f"{arrived:<8}", "quiet"), "  ", (f"{word:<{_WORD_WIDTH}}", style), about)
    for line in head, more:
        if line.no_wrap is None:
            line.no_wrap, line.overflow = True, "ellipsis"
    return head, more


def record_json(record: ConsumerRecord) -> str:
    """The CloudEvent as it stands on the topic; what is none, with all that the record has.

    The latter has `topic`, `partition`, `offset`, `timestamp` (ms), `key`, `headers`, `value`; bytes that are no
    UTF-8 text are `{"base64": ...}`.
    """
    if _is_event(record.value) and not _has_origin(record):
        return record.value.decode()  # type: ignore[no-any-return]
    whole = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "key": content_json(record.key),
        "headers": headers_json(record.headers),
        "value": content_json(record.value),
    }
    return msgspec.json.encode(whole).decode()


def _lines(record: ConsumerRecord, topics: Topics) -> Lines:
    ours = Record(record.key, record.value, record.headers, record.timestamp)
    if record.topic == topics.commands:
        return command_lines(decode_command(ours), f"{record.partition}@{record.offset}")
    if record.topic == topics.references:
        word = "gone" if record.value is None else "exists"
        return word, "magenta" if word == "gone" else "cyan", content_line(record.key), Text()
    if record.topic == topics.dead_letter:
        return _dead_letter(record)
    try:
        return event_lines(decode_event(ours))
    except EventError as error:
        return (
            "no event",
            "red",
            Text(f"{record.partition}@{record.offset}"),
            whole(f"{record.topic}: {error}"),
        )


def _dead_letter(record: ConsumerRecord) -> Lines:
    told = {name: visible((content or b"").decode(errors="replace")) for name, content in record.headers}
    origin = f"{told.get('x-walk-origin-partition')}@{told.get('x-walk-origin-offset')}"
    about = Text.assemble((told.get("x-walk-class", ""), "red"), f" of {origin}: {told.get('x-walk-error')}")
    return "dead letter", "bold red", about, content_line(record.value)


def _has_origin(record: ConsumerRecord) -> bool:
    return any(name == "x-walk-class" for name, _ in record.headers)


def _is_event(value: bytes | None) -> bool:
    """A CloudEvent in structured mode, which is one line already."""
    if value is None or b"\n" in value:
        return False
    try:
        return isinstance(found := msgspec.json.decode(value), dict) and "specversion" in found
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
