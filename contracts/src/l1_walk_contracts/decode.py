"""From a Kafka record to a command, or to the precise reason why it is none (design 4)."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError

from .commands import COMMAND_DATA
from .fields import UUID_PATTERN, parse_time
from .jsontext import parse_json
from .limits import CLOCK_SKEW, ID_CHARS, MESSAGE_BYTES
from .problems import field_errors
from .records import Command, FieldError, Header, Invalid, Record, Unreadable, Unsupported
from .vocabulary import TYPE_PREFIX

STRUCTURED: Final = "application/cloudevents+json"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_USABLE: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_SESSION_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_UUID: Final = re.compile(UUID_PATTERN)
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-[!-~]{1,100})?")
_KINDS: Final = {
    verb.type: (verb, model.__pydantic_validator__.validate_python) for verb, model in COMMAND_DATA.items()
}
_NO_OBJECT: Final = FieldError("data", "must be a JSON object; data_base64 is not read")
_WRONG_KEY: Final = FieldError("key", "must be the session id: the subject, as UTF-8 text")
_WRONG_TIME: Final = FieldError(
    "time", "must be an RFC 3339 timestamp with its offset, such as 2026-01-31T09:30:00Z"
)
_NO_TIME: Final = FieldError("time", "is required where the record has no timestamp")


def decode_command(record: Record) -> Command | Invalid | Unsupported | Unreadable:
    """What a record of the commands topic is. Never raises, whatever the bytes.

    `time` is the effective one: absent, it is the record's timestamp; over five minutes ahead of that, it is
    replaced by it.
    """
    value = record.value
    if value is not None and len(value) > MESSAGE_BYTES:
        return Unreadable("over 512 KiB")
    binary = _binary_attributes(record.headers) if record.headers else None
    if binary is not None:
        return _judge(record, binary, _parsed_or_none(value))
    if value is None:
        return Unreadable("no value")
    try:
        envelope = parse_json(value)
    except ValueError as error:
        return Unreadable(f"no JSON: {error}")
    if type(envelope) is not dict:
        return Unreadable("no JSON object")
    return _judge(record, envelope, envelope.get("data"))


def _binary_attributes(headers: Sequence[Header]) -> Mapping[str, str | None] | None:
    """The attributes of a CloudEvent in binary mode; None where the record is in structured mode."""
    attributes: dict[str, str | None] = {}
    content_type = b""
    for name, value in headers:
        if name.startswith("ce_"):
            # What is no UTF-8 becomes halves of surrogate pairs, which no attribute may hold.
            attributes[name[3:]] = None if value is None else value.decode(errors="surrogateescape")
        elif name.lower() == "content-type":
            content_type = value or b""
    media_type = content_type.partition(b";")[0].strip().lower()
    return None if not attributes or media_type == STRUCTURED.encode() else attributes


def _parsed_or_none(value: bytes | None) -> Any:
    try:
        return None if value is None else parse_json(value)
    except ValueError:
        return None


def _judge(
    record: Record, attributes: Mapping[str, Any], raw: Any
) -> Command | Invalid | Unsupported | Unreadable:
    fault = _fault_of_identity(attributes)
    if fault is not None:
        return Unreadable(fault)
    session_id, source, ident = attributes["subject"], attributes["source"], attributes["id"]
    command_type, traceparent = attributes["type"], _traceparent(attributes.get("traceparent"))
    if command_type not in _KINDS:
        account = _account_id(raw)
        return Unsupported(session_id, source, ident, command_type, account, "unknown verb or version")
    verb, validate = _KINDS[command_type]
    time = _effective_time(attributes.get("time"), record.timestamp_ms)
    data, errors = _data(validate, raw)
    if isinstance(time, FieldError):
        errors = (time, *errors)
    elif not errors and record.key == session_id.encode():
        return Command(session_id, source, ident, verb, command_type, time, data, raw, traceparent)
    if record.key != session_id.encode():
        errors = (_WRONG_KEY, *errors)
    return Invalid(session_id, source, ident, verb, command_type, errors, raw, _account_id(raw), traceparent)


def _fault_of_identity(attributes: Mapping[str, Any]) -> str | None:
    if attributes.get("specversion") != "1.0":
        return "no CloudEvent 1.0"
    for name in ("id", "source", "type"):
        if not _is_usable(attributes.get(name)):
            return f"no usable {name}"
    session_id = attributes.get("subject")
    if not isinstance(session_id, str) or _SESSION_ID.fullmatch(session_id) is None:
        return "no usable session id: subject must be a UUID in canonical lowercase form"
    return None if attributes["type"].startswith(TYPE_PREFIX) else "not one of our types"


def _data(validate: Callable[[Any], Any], raw: Any) -> tuple[Any, tuple[FieldError, ...]]:
    if type(raw) is not dict:
        return None, (_NO_OBJECT,)
    try:
        return validate(raw), ()
    except ValidationError as error:
        return None, tuple(field_errors(error, "data"))


def _is_usable(text: Any) -> bool:
    """Whether it is a string of 1 to 128 characters, none of them a control or half of a surrogate pair."""
    if not isinstance(text, str) or not 0 < len(text) <= ID_CHARS:
        return False
    return (text.isascii() and text.isprintable()) or _USABLE.fullmatch(text) is not None


def _traceparent(text: Any) -> str | None:
    """W3C's rule: one that is malformed is as good as none."""
    return text if isinstance(text, str) and _TRACEPARENT.fullmatch(text) is not None else None


def _effective_time(time: Any, timestamp_ms: int) -> datetime | FieldError:
    recorded = _recorded(timestamp_ms)
    if time is None:
        return recorded or _NO_TIME
    if not isinstance(time, str):
        return _WRONG_TIME
    try:
        moment = parse_time(time)
    except ValueError:
        return _WRONG_TIME
    return recorded if recorded is not None and moment - recorded > CLOCK_SKEW else moment


def _recorded(timestamp_ms: int) -> datetime | None:
    if timestamp_ms < 0:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=timestamp_ms)
    except OverflowError:
        return None


def _account_id(raw: Any) -> UUID | None:
    account_id = raw.get("account_id") if type(raw) is dict else None
    return UUID(account_id) if isinstance(account_id, str) and _UUID.fullmatch(account_id) else None
