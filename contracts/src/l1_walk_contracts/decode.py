"""From a Kafka record to a command, or to the precise reason why it is none (design 4)."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError

from .commands import COMMAND_DATA
from .envelope import NoEnvelope, open_envelope, traceparent
from .fields import UUID_PATTERN, parse_time
from .limits import CLOCK_SKEW, MESSAGE_BYTES
from .problems import field_errors
from .records import Command, FieldError, Invalid, Record, Settle, Unreadable, Unsupported
from .settle import SettleData
from .vocabulary import SettleVerb

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SKEW_MICROSECONDS: Final = CLOCK_SKEW // timedelta(microseconds=1)
_UUID: Final = re.compile(UUID_PATTERN)
_KINDS: Final = {
    verb.type: (verb, model.__pydantic_validator__.validate_python) for verb, model in COMMAND_DATA.items()
}
_SETTLES: Final = {verb.type: verb for verb in SettleVerb}
_NO_OBJECT: Final = FieldError("data", "must be a JSON object; data_base64 is not read")
_WRONG_KEY: Final = FieldError("key", "must be the session id: the subject, as UTF-8 text")
_WRONG_TIME: Final = FieldError(
    "time", "must be an RFC 3339 timestamp with its offset, such as 2026-01-31T09:30:00Z"
)
_NO_TIME: Final = FieldError("time", "is required where the record has no timestamp")


def decode_command(record: Record) -> Command | Invalid | Settle | Unsupported | Unreadable:
    """What a record of the commands topic is. Never raises, whatever the bytes.

    `time` is the effective one: absent, it is the record's timestamp; over five minutes ahead of that, it is
    replaced by it.
    """
    if record.value is not None and len(record.value) > MESSAGE_BYTES:
        return Unreadable("over 512 KiB")
    try:
        attributes, raw = open_envelope(record)
    except NoEnvelope as error:
        return Unreadable(str(error))
    session_id, source, ident = attributes["subject"], attributes["source"], attributes["id"]
    command_type, trace = attributes["type"], traceparent(attributes)
    if command_type not in _KINDS:
        if command_type in _SETTLES:
            return _settle(record, attributes, raw)
        account = _account_id(raw)
        return Unsupported(session_id, source, ident, command_type, account, "unknown verb or version", trace)
    verb, validate = _KINDS[command_type]
    time = _effective_time(attributes.get("time"), record.timestamp_ms)
    data, errors = _data(validate, raw)
    if isinstance(time, FieldError):
        errors = (time, *errors)
    elif not errors and record.key == session_id.encode():
        return Command(session_id, source, ident, verb, command_type, time, data, raw, trace)
    if record.key != session_id.encode():
        errors = (_WRONG_KEY, *errors)
    return Invalid(session_id, source, ident, verb, command_type, errors, raw, _account_id(raw), trace)


def _settle(record: Record, attributes: Mapping[str, Any], raw: Any) -> Settle | Invalid:
    session_id, source, ident = attributes["subject"], attributes["source"], attributes["id"]
    command_type, trace = attributes["type"], traceparent(attributes)
    verb = _SETTLES[command_type]
    data, errors = _data(SettleData.model_validate, raw)
    if record.key != session_id.encode():
        errors = (_WRONG_KEY, *errors)
    if errors:
        return Invalid(session_id, source, ident, verb, command_type, errors, raw, None, trace)
    return Settle(
        session_id, source, ident, verb, command_type, data.dead_letter_id, data.by, data.reason, raw, trace
    )


def _data(validate: Callable[[Any], Any], raw: Any) -> tuple[Any, tuple[FieldError, ...]]:
    if not isinstance(raw, dict):
        return None, (_NO_OBJECT,)
    try:
        return validate(raw), ()
    except ValidationError as error:
        return None, tuple(field_errors(error, "data"))


def _effective_time(time: Any, timestamp_ms: int) -> datetime | FieldError:
    if time is None:
        return _recorded(timestamp_ms) or _NO_TIME
    if not isinstance(time, str):
        return _WRONG_TIME
    try:
        moment = parse_time(time)
    except ValueError:
        return _WRONG_TIME
    if timestamp_ms < 0:
        return moment
    elapsed = moment - _EPOCH
    microseconds = (elapsed.days * 86_400 + elapsed.seconds) * 1_000_000 + elapsed.microseconds
    is_ahead = microseconds - timestamp_ms * 1000 > _SKEW_MICROSECONDS
    return _EPOCH + timedelta(milliseconds=timestamp_ms) if is_ahead else moment


def _recorded(timestamp_ms: int) -> datetime | None:
    """The record's timestamp; None where it has none, or one past the year 9999."""
    if timestamp_ms < 0:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=timestamp_ms)
    except OverflowError:
        return None


def _account_id(raw: Any) -> UUID | None:
    account_id = raw.get("account_id") if isinstance(raw, dict) else None
    return UUID(account_id) if isinstance(account_id, str) and _UUID.fullmatch(account_id) else None
