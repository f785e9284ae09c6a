"""The CloudEvents 1.0 envelope of a record, in structured and in binary mode (design 4)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from .jsontext import has_more_values, parse_json
from .limits import ID_CHARS, JSON_VALUES
from .records import Header, Record
from .vocabulary import TYPE_PREFIX

CONTENT_TYPE: Final = "content-type"
STRUCTURED: Final = b"application/cloudevents+json"
JSON: Final = "application/json"
BINARY_PREFIX: Final = "ce_"

_USABLE: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_SESSION_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-[!-~]{1,100})?")


class NoEnvelope(ValueError):  # noqa: N818 - it reads as what it says
    """The record is no CloudEvent of ours; says why, in words that never quote it."""


def open_envelope(record: Record) -> tuple[Mapping[str, Any], Any]:
    """The attributes of a record's CloudEvent, and the JSON value of its data (None where there is none).

    Promises that specversion is 1.0, that id, source and type are usable, the type one of ours and the
    subject a session id. Raises NoEnvelope otherwise. `data_base64` is not read.
    """
    if record.value is not None and has_more_values(record.value, JSON_VALUES):
        raise NoEnvelope(f"over {JSON_VALUES:,} JSON values")
    attributes = _binary_attributes(record.headers) if record.headers else None
    where = ""
    if attributes is None:
        attributes = _json_object(record.value)
        data = attributes.get("data")
    else:
        where = " in the ce_ headers, which count where there are any"
        data = _json_or_none(record.value)
    if attributes.get("specversion") != "1.0":
        raise NoEnvelope(f"no CloudEvent 1.0{where}")
    for name in ("id", "source", "type"):
        if not is_usable(attributes.get(name)):
            raise NoEnvelope(f"no usable {name}")
    session_id = attributes.get("subject")
    if not isinstance(session_id, str) or _SESSION_ID.fullmatch(session_id) is None:
        raise NoEnvelope("no usable session id: subject must be a UUID in canonical lowercase form")
    if not attributes["type"].startswith(TYPE_PREFIX):
        raise NoEnvelope("not one of our types")
    return attributes, data


def traceparent(attributes: Mapping[str, Any]) -> str | None:
    """The extension `traceparent`; by W3C's rule one that is malformed is as good as none."""
    text = attributes.get("traceparent")
    return text if isinstance(text, str) and _TRACEPARENT.fullmatch(text) is not None else None


def _json_object(value: bytes | None) -> dict[str, Any]:
    if value is None:
        raise NoEnvelope("no value")
    try:
        envelope = parse_json(value)
    except ValueError as error:
        raise NoEnvelope(f"no JSON: {error}") from None
    if not isinstance(envelope, dict):
        raise NoEnvelope("no JSON object")
    return envelope


def _json_or_none(value: bytes | None) -> Any:
    try:
        return None if value is None else parse_json(value)
    except ValueError:
        return None


def _binary_attributes(headers: Sequence[Header]) -> dict[str, Any] | None:
    """The attributes of a CloudEvent in binary mode; None where the record is in structured mode."""
    attributes: dict[str, Any] = {}
    content_type = b""
    for name, value in headers:
        if name.startswith(BINARY_PREFIX):
            # What is no UTF-8 becomes halves of surrogate pairs, which no attribute may hold.
            text = None if value is None else value.decode(errors="surrogateescape")
            attributes[name[len(BINARY_PREFIX) :]] = text
        elif name.lower() == CONTENT_TYPE:
            content_type = value or b""
    media_type = content_type.partition(b";")[0].strip().lower()
    return None if not attributes or media_type == STRUCTURED else attributes


def is_usable(text: Any) -> bool:
    """Whether it is a string of 1 to 128 characters, none of them a control or half of a surrogate pair."""
    if not isinstance(text, str) or not 0 < len(text) <= ID_CHARS:
        return False
    return (text.isascii() and text.isprintable()) or _USABLE.fullmatch(text) is not None
