"""The messages that are no CloudEvents of upstream's: references, dead letters, and what settles these."""

from typing import Any, Final

from l1_walk_contracts import (
    DeadLetterClass,
    Record,
    SettleData,
    SettleVerb,
    Topics,
    Unsupported,
    encode_settle,
)
from l1_walk_contracts.cloudevents import CommandMessage
from l1_walk_contracts.fields import UUID_PATTERN
from l1_walk_contracts.samples import ACCOUNT, COMMAND_ID, SESSION
from service.ops.asyncapi.components import reference
from service.ops.asyncapi.messages import BINDING, STRUCTURED, Parts, bindings, example
from service.pipeline.decode import decode_record
from service.pipeline.letters import dead_letter, letter_id, letter_message
from service.store.references import TABLES

_KINDS: Final = "|".join(TABLES)
_REDRIVES: Final = {
    SettleVerb.REDRIVE: "Run a dead letter, and all that is parked behind it, in order.",
    SettleVerb.DISCARD: "Drop a dead letter, and run what is parked behind it.",
}
_ORIGIN: Final = {
    "x-walk-class": "Why it is one: nobody could read it, its verb or version is not known, or the worker failed.",
    "x-walk-error": "The fault: one stable short text a kind of fault, never text of the record.",
    "x-walk-origin-topic": "The topic it came from.",
    "x-walk-origin-partition": "The partition there, a decimal number.",
    "x-walk-origin-offset": "The offset there, a decimal number.",
    "x-walk-origin-timestamp": "The record's timestamp, milliseconds since the epoch; empty where it had none.",
    "x-walk-truncated": "What the topic does not hold whole, with commas: headers, key, value. Absent: nothing. The "
    "worker's table does.",
}
"""The headers that a dead letter has beside those it came with."""


def references() -> Parts:
    """What upstream tells of accounts, users, flows and proposals."""
    common = {"tags": [{"name": "reference"}], "bindings": bindings("ReferenceKey")}
    return {
        "ReferenceKnown": common
        | {
            "name": "reference-known",
            "title": "Reference, known",
            "summary": "What the key names exists. Any value says so; its content is not read.",
            "contentType": "application/json",
            "payload": reference("AnyValue"),
            "examples": [{"name": "An account that exists", "payload": {}}],
        },
        "ReferenceGone": common
        | {
            "name": "reference-gone",
            "title": "Reference, gone",
            "summary": "A null value (a tombstone): what the key names is gone. Of an account, all walks are erased.",
            "contentType": "application/json",
            "payload": reference("Tombstone"),
            "examples": [{"name": "An account that is gone", "payload": None}],
        },
    }


def settling(topics: Topics) -> Parts:
    """What operators send to settle a dead letter (`walk dead-letters redrive`, `discard`)."""
    found: Parts = {}
    for verb in SettleVerb:
        name = f"{verb.value.capitalize()}Command"
        data = SettleData(dead_letter_id=letter_id(topics.commands, 7, 1402), by="night-shift", reason=None)
        record = encode_settle(verb, data, session_id=SESSION, source="/walk", id=COMMAND_ID, topics=topics)
        found[name] = {
            "name": verb.type,
            "title": f"Command {verb.value}",
            "summary": _REDRIVES[verb],
            "description": "For operators, not for upstream. It must stand in the partition that the dead letter came "
            "from, whatever its key: `walk dead-letters` sends it there.",
            "tags": [{"name": "command"}, {"name": "operators"}],
            "contentType": STRUCTURED,
            "headers": reference("StructuredCommandHeaders"),
            "payload": reference(name),
            "correlationId": {"$ref": "#/components/correlationIds/commandId"},
            "bindings": bindings("SettleKey"),
            "examples": [example(verb.value, record)],
        }
    return found


def settling_schemas() -> dict[str, dict[str, Any]]:
    """The schema of each by its name."""
    schemas = {}
    for verb in SettleVerb:
        schema: dict[str, Any] = CommandMessage[SettleData].model_json_schema()
        schema["properties"]["type"]["const"] = verb.type
        schema["description"] = _REDRIVES[verb]
        for field in (*schema["properties"].values(), *schema["$defs"]["SettleData"]["properties"].values()):
            if field.get("default", ...) is None:
                del field["default"]
        schemas[f"{verb.value.capitalize()}Command"] = schema
    return schemas


def dead_letters(topics: Topics) -> Parts:
    """The record that nobody could handle, as received."""
    value = f'{{"specversion":"1.0","id":"{COMMAND_ID}","source":"/product/walks","type":"l1.walk.step.v2",'
    value += f'"subject":"{SESSION}","data":{{"account_id":"{ACCOUNT}"}}}}'
    record = Record(
        str(SESSION).encode(), value.encode(), [("content-type", STRUCTURED.encode())], 1769852000000
    )
    decoded = decode_record(7, 1402, record)
    assert isinstance(decoded.message, Unsupported)
    letter = dead_letter(topics.commands, decoded, DeadLetterClass.UNSUPPORTED, decoded.message.error)
    message = letter_message(letter, topics.dead_letter)
    headers = {name: (content or b"").decode() for name, content in message.headers}
    return {
        "DeadLetter": {
            "name": "dead-letter",
            "title": "Dead letter",
            "summary": "A record that nobody could handle: key, value and headers as received, the origin beside them.",
            "description": "Any bytes, since that is what a producer may have sent. Where it would not fit the topic "
            "it is cut, and `x-walk-truncated` says so. How to settle it: `walk dead-letters list`.",
            "tags": [{"name": "operators"}],
            "contentType": "application/octet-stream",
            "headers": reference("DeadLetterHeaders"),
            "payload": reference("AnyBytes"),
            "bindings": {"kafka": {"key": reference("AnyBytes"), "bindingVersion": BINDING}},
            "examples": [{"name": "unsupported", "headers": headers, "payload": value}],
        }
    }


def other_schemas() -> dict[str, Any]:
    """Keys, headers, and the values that are no CloudEvents."""
    return {
        "SessionKey": _text("The session id, as in `subject`.", UUID_PATTERN.replace("A-F", "")),
        "TicketKey": _text(
            "`account_id`, `ticket.kind` and `ticket.id` of `data` with a slash between them, so that all walks of a "
            "ticket are in one partition.",
            f"^{UUID_PATTERN.replace('A-F', '')[1:-1]}/(psa|internal)/",
        ),
        "ReferenceKey": _text(
            "What it is about: its kind, a slash, its id.", f"^({_KINDS})/{UUID_PATTERN[1:]}"
        ),
        "SettleKey": _text(
            "The session of the dead letter; where it has none, the id of the dead letter.",
            UUID_PATTERN.replace("A-F", ""),
        ),
        "StructuredCommandHeaders": {
            "type": "object",
            "description": "The header may be left out: a record without `ce_` headers is taken as structured.",
            "properties": {"content-type": {"type": "string", "const": STRUCTURED}},
        },
        "EventHeaders": {
            "type": "object",
            "properties": {"content-type": {"type": "string", "const": STRUCTURED}},
            "required": ["content-type"],
        },
        "BinaryCommandHeaders": {
            "type": "object",
            "description": "The attributes of the CloudEvent: as in structured mode, each in a header.",
            "properties": {
                "content-type": {
                    "type": "string",
                    "description": "Of the value.",
                    "const": "application/json",
                },
                "ce_specversion": {"type": "string", "const": "1.0"},
                **{f"ce_{name}": _text(about) for name, about in _ATTRIBUTES.items()},
            },
            "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject"],
        },
        "DeadLetterHeaders": {
            "type": "object",
            "properties": {
                name: _text(about)
                | ({"enum": [one.value for one in DeadLetterClass]} if name == "x-walk-class" else {})
                for name, about in _ORIGIN.items()
            },
            "required": [name for name in _ORIGIN if name != "x-walk-truncated"],
            "additionalProperties": True,
        },
        "AnyValue": {"description": "Any value but null."},
        "Tombstone": {"description": "No value.", "type": "null"},
        "AnyBytes": {"description": "Bytes as received, often text; may be missing."},
    }


_ATTRIBUTES: Final = {
    "id": "Its identity, together with the source.",
    "source": "Who sends it.",
    "type": "What it is.",
    "subject": "The session id, in canonical lowercase form.",
    "time": "When it happened, RFC 3339.",
    "traceparent": "W3C trace context.",
}


def _text(description: str, pattern: str | None = None) -> Parts:
    return {"type": "string", "description": description} | ({"pattern": pattern} if pattern else {})
