"""Every message that crosses the topics: its value, headers and key, what it answers, and an example of each."""

import json
import re
from collections.abc import Mapping
from inspect import getdoc
from typing import Any, Final

from l1_walk_contracts import (
    COMMAND_DATA,
    EVENT_DATA,
    EventKind,
    OutRecord,
    Topics,
    Verb,
    encode_command,
    encode_event,
)
from l1_walk_contracts.samples import COMMAND_ID, COMMANDS, EVENTS, SESSION, SOURCE, STARTED
from service.ops.asyncapi.components import reference

BINDING: Final = "0.5.0"
"""The version of AsyncAPI's Kafka bindings."""
STRUCTURED: Final = "application/cloudevents+json"

Parts = dict[str, Any]


def name_of(message: Verb | EventKind) -> str:
    """Its name in the document and in what is generated from it: `StepCommand`, `ResolvedEvent`."""
    words = "".join(word.capitalize() for word in message.value.split("-"))
    return f"{words}{'Command' if isinstance(message, Verb) else 'Event'}"


def commands(topics: Topics) -> Parts:
    """The commands by name, each as a CloudEvent in structured and in binary mode."""
    found: Parts = {}
    for verb in Verb:
        samples = [_command_sample(verb, topics, mode) for mode in ("structured", "binary")]
        common = {
            "name": verb.type,
            "summary": _first_line(COMMAND_DATA[verb]),
            "tags": [{"name": "command"}],
            "bindings": bindings("SessionKey"),
        }
        name = name_of(verb)
        found[name] = common | {
            "title": f"Command {verb.value}",
            "contentType": STRUCTURED,
            "headers": reference("StructuredCommandHeaders"),
            "payload": reference(name),
            "correlationId": {"$ref": "#/components/correlationIds/commandId"},
            "examples": [example(f"{verb.value}, in structured mode", samples[0])],
        }
        found[f"{name}Binary"] = common | {
            "title": f"Command {verb.value}, in binary mode",
            "contentType": "application/json",
            "headers": binary_headers(verb.type),
            "payload": reference(COMMAND_DATA[verb].__name__),
            "correlationId": {"$ref": "#/components/correlationIds/binaryCommandId"},
            "examples": [example(f"{verb.value}, in binary mode", samples[1])],
        }
    return found


def events(topics: Topics) -> Parts:
    """The events by name."""
    found: Parts = {}
    for kind in EventKind:
        is_psa = topics.for_event(kind) in (topics.resolved, topics.escalated)
        name = name_of(kind)
        found[name] = {
            "name": kind.type,
            "title": f"Event {kind.value}",
            "summary": _first_line(EVENT_DATA[kind]),
            "tags": [{"name": "event"}, *([{"name": "psa"}] if is_psa else [])],
            "contentType": STRUCTURED,
            "headers": reference("EventHeaders"),
            "payload": reference(name),
            "correlationId": {"$ref": "#/components/correlationIds/causationId"},
            "bindings": bindings("TicketKey" if is_psa else "SessionKey"),
            "examples": [example(kind.value, encode_event(EVENTS[kind], topics))],
        }
    return found


def bindings(key: str) -> Parts:
    """Kafka's binding of a message whose key is the component of this name."""
    return {"kafka": {"key": reference(key), "bindingVersion": BINDING}}


def binary_headers(type_: str) -> Parts:
    """The headers of a command in binary mode."""
    return {
        "allOf": [
            reference("BinaryCommandHeaders"),
            {"type": "object", "properties": {"ce_type": {"type": "string", "const": type_}}},
        ]
    }


def correlation_ids() -> Parts:
    """How what comes of a command names it."""
    return {
        "commandId": {
            "description": "The command's id; every event that it causes carries it as `causationid`. With `source` "
            "it is the command's identity: sent again with both, it counts once.",
            "location": "$message.payload#/id",
        },
        "binaryCommandId": {
            "description": "The same in binary mode.",
            "location": "$message.header#/ce_id",
        },
        "causationId": {
            "description": "The id of the command that this event comes from.",
            "location": "$message.payload#/causationid",
        },
    }


def _command_sample(verb: Verb, topics: Topics, mode: Any) -> OutRecord:
    return encode_command(
        COMMANDS[verb],
        session_id=SESSION,
        source=SOURCE,
        id=COMMAND_ID,
        time=STARTED,
        mode=mode,
        topics=topics,
    )


def example(name: str, record: OutRecord) -> Parts:
    """The example of a message that this record shows."""
    headers = {key: value.decode() for key, value in record.headers}
    return {"name": name, "headers": headers, "payload": json.loads(record.value)}


def _first_line(model: type[Any]) -> str:
    """What a model is, without its name: `an answer at a node; appended to ...`."""
    first, *_ = (getdoc(model) or "").splitlines()
    said = re.sub(r"^`[^`]*`: ", "", first)
    return said[:1].upper() + said[1:]


def payloads(schemas: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The schema of each command's and event's value, by its name in the document."""
    return {name_of(one): schemas[f"{one.type}.json"] for one in (*Verb, *EventKind)}
