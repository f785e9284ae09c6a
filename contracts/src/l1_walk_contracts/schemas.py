"""JSON Schemas (2020-12) of every command and event and of their envelopes, one file each, with limits and a sample."""

import json
from inspect import getdoc
from pathlib import Path
from typing import Any, Final

from .cloudevents import CommandMessage, EventMessage
from .commands import COMMAND_DATA
from .encode import encode_event
from .events import EVENT_DATA
from .publish import encode_command
from .readable import make_readable
from .records import OutRecord
from .samples import COMMAND_ID, COMMANDS, EVENTS, SESSION, SOURCE, STARTED
from .topics import Topics
from .vocabulary import EventKind, Verb

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_EVENT_TYPE: Final = r"^l1\.walk\.[a-z]+(-[a-z]+)*\.v[1-9][0-9]*$"


_KEYS: Final = {
    "SESSION": "the session id, as in `subject`",
    "ACCOUNT/KIND/TICKET": "`account_id`, `ticket.kind` and `ticket.id` of `data` with a slash between them, "
    "so that all walks of a ticket are in one partition",
}
"""What a key is made of, by its form."""

COMMAND_ENVELOPE: Final = "command-envelope.json"
EVENT_ENVELOPE: Final = "event-envelope.json"


def schemas() -> dict[str, dict[str, Any]]:
    """All schemas by their file's name."""
    return messages() | {COMMAND_ENVELOPE: _command_envelope(), EVENT_ENVELOPE: _event_envelope()}


def messages() -> dict[str, dict[str, Any]]:
    """The schema of each message by its file's name, `TYPE.json`."""
    return {f"{verb.type}.json": _command(verb) for verb in Verb} | {
        f"{kind.type}.json": _event(kind) for kind in EventKind
    }


def export(folder: Path) -> list[Path]:
    """Writes all schemas into a folder, which is made where it is not there; the files written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in schemas().items():
        path = folder / name
        path.write_text(_text(schema), encoding="utf-8")
        written.append(path)
    return written


def check(folder: Path) -> list[str]:
    """How the schemas in a folder differ from the contracts, a line each; empty where they do not."""
    expected = {name: _text(schema) for name, schema in schemas().items()}
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    missing = [f"{name}: is missing" for name in expected.keys() - found.keys()]
    foreign = [f"{name}: is none of the contracts'" for name in found.keys() - expected.keys()]
    changed = [f"{name}: differs" for name in expected.keys() & found.keys() if expected[name] != found[name]]
    return sorted(missing + foreign + changed)


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _command(verb: Verb) -> dict[str, Any]:
    schema = _of_message(CommandMessage, COMMAND_DATA[verb])
    return _of_type(schema, verb.type, "SESSION", _command_sample(verb), COMMAND_DATA[verb], "command")


def _event(kind: EventKind) -> dict[str, Any]:
    schema = _of_message(EventMessage, EVENT_DATA[kind])
    _forbid_null(schema)
    is_psa = kind in (EventKind.RESOLVED, EventKind.ESCALATED)
    key = "ACCOUNT/KIND/TICKET" if is_psa else "SESSION"
    return _of_type(schema, kind.type, key, _event_sample(kind), EVENT_DATA[kind], "event")


def _command_envelope() -> dict[str, Any]:
    schema = _of_message(CommandMessage, dict[str, Any])
    schema["properties"]["type"]["enum"] = [verb.type for verb in Verb]
    topic = {"x-direction": "command", "x-kafka-topic": Topics().commands, "x-kafka-key": "SESSION"}
    text = f"The CloudEvent around the data of any command.\n\n{schema['description']}"
    return _published(schema, "command-envelope", text, topic, json.loads(_command_sample(Verb.STEP).value))


def _event_envelope() -> dict[str, Any]:
    schema = _of_message(EventMessage, dict[str, Any])
    _forbid_null(schema)
    schema["properties"]["type"] |= {"pattern": _EVENT_TYPE, "examples": [kind.type for kind in EventKind]}
    text = f"The CloudEvent around the data of any event.\n\n{schema['description']}"
    return _published(
        schema,
        "event-envelope",
        text,
        {"x-direction": "event"},
        json.loads(_event_sample(EventKind.RESOLVED).value),
    )


def _command_sample(verb: Verb) -> OutRecord:
    return encode_command(COMMANDS[verb], session_id=SESSION, source=SOURCE, id=COMMAND_ID, time=STARTED)


def _event_sample(kind: EventKind) -> OutRecord:
    return encode_event(EVENTS[kind], Topics())


def _of_message(message: Any, data: Any) -> dict[str, Any]:
    schema: dict[str, Any] = message[data].model_json_schema()
    schema["description"] = getdoc(message)
    _forget_defaults(schema)
    return schema


def _of_type(
    schema: dict[str, Any], message_type: str, key: str, sample: OutRecord, data: type[Any], direction: str
) -> dict[str, Any]:
    schema["properties"]["type"]["const"] = message_type
    where = f"Topic: `{sample.topic}` (its prefix `l1.walk` is a setting of the worker). Key: {_KEYS[key]}."
    text = f"{getdoc(data)}\n\n{where}\n\n{schema['description']}"
    topic = {"x-direction": direction, "x-kafka-topic": sample.topic, "x-kafka-key": key}
    return _published(schema, message_type, text, topic, json.loads(sample.value))


def _published(
    schema: dict[str, Any], name: str, text: str, topic: dict[str, Any], sample: dict[str, Any]
) -> dict[str, Any]:
    schema["description"] = text
    make_readable(schema, sample)
    head = {"$schema": _DIALECT, "$id": f"urn:l1-walk-contracts:{name}", "title": name}
    body = {part: schema[part] for part in ("type", "required", "properties")}
    types = {"$defs": schema["$defs"]} if "$defs" in schema else {}
    return head | {"description": schema["description"]} | topic | body | {"examples": [sample]} | types


def _forget_defaults(schema: Any) -> None:
    """Absent is absent: the null that a model has in its place is Python's, not the wire's."""
    for part in _objects(schema):
        if part.get("default", ...) is None:
            del part["default"]


def _forbid_null(schema: dict[str, Any]) -> None:
    """Of what may be absent: an event leaves it out. What is always there and may be null stays so."""
    for part in _objects(schema):
        for name, field in part.get("properties", {}).items():
            if name not in part.get("required", ()) and {"type": "null"} in field.get("anyOf", ()):
                (given,) = (choice for choice in field.pop("anyOf") if choice != {"type": "null"})
                field.update(given)


def _objects(schema: Any) -> list[dict[str, Any]]:
    """Every JSON object in a schema, itself included."""
    if isinstance(schema, list):
        return [part for item in schema for part in _objects(item)]
    if isinstance(schema, dict):
        return [schema, *(part for value in schema.values() for part in _objects(value))]
    return []
