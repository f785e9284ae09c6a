"""The contract as a page for people: every topic, message, field and reason, made of the models.

`python -m l1_walk_contracts.reference > docs/contract.md` writes it anew.
"""

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

from . import limits
from .schemas import COMMAND_ENVELOPE, EVENT_ENVELOPE, schemas
from .topics import Topics
from .vocabulary import EventKind, RejectionReason, Verb

Schema = Mapping[str, Any]

_HEAD: Final = """\
# The contract

All that crosses the wire: topics, commands, events, their fields, and why a command is rejected. This page is made of
the models in [contracts](../contracts) (`python -m l1_walk_contracts.reference`), as are the
[JSON Schemas](../contracts/schemas) and the [AsyncAPI document](../contracts/asyncapi.json). How to publish is told in
[upstream.md](upstream.md), how to write walks into a PSA in [connectors.md](connectors.md). Lengths of text are in
Unicode characters.

## Five minutes

No broker and no database are needed to see what becomes of a command: the fake worker decides by the real one's rules,
in memory. `make setup`, then:

<!-- test: contract -->
```sh
.venv/bin/python - <<'EOF'
from l1_walk_contracts.testing import Factory, FakeWorker

worker, factory = FakeWorker(), Factory()
walk = factory.walk()
for record in factory.resolved_walk(walk):
    worker.send(record)
print(worker.events[0].data.summary)
print("sent too late:", worker.send(walk.note("One more thing.")).reason.meaning)
EOF
```

It prints what a technician reads in the ticket, and why a note on a walk that has ended is rejected.

"""


def markdown() -> str:
    """The page."""
    return "".join(part + "\n" for part in _parts()).rstrip("\n") + "\n"


def _parts() -> Iterator[str]:
    yield _HEAD.rstrip("\n") + "\n"
    yield "## Topics\n"
    yield "The prefix `l1.walk` is a setting of the worker; the types of messages do not change with it.\n"
    yield _table(("topic", "what"), _topics())
    yield "## Commands\n"
    yield "Upstream sends these to `l1.walk.commands`, as CloudEvents 1.0 in structured or binary mode. The envelope:\n"
    made = schemas()
    yield _fields(made[COMMAND_ENVELOPE], made[COMMAND_ENVELOPE])
    for verb in Verb:
        yield from _message(made[f"{verb.type}.json"])
    yield "## Events\n"
    yield "The worker sends these, as CloudEvents 1.0 in structured mode. The envelope:\n"
    yield _fields(made[EVENT_ENVELOPE], made[EVENT_ENVELOPE])
    for kind in EventKind:
        yield from _message(made[f"{kind.type}.json"])
    yield from _parts_of_messages(made)
    yield "## Why a command is rejected\n"
    yield "Checked in this order; the first that says no is told, on `l1.walk.rejected`.\n"
    yield _table(
        ("reason", "what is so", "what to do"),
        ((f"`{reason}`", reason.meaning, reason.remedy) for reason in RejectionReason),
    )
    yield "## As a whole\n"
    yield f"A message has at most {limits.MESSAGE_BYTES:,} bytes and {limits.JSON_VALUES:,} JSON values. What else can"
    yield "go wrong with a record, and what comes of it, stands in [hostile-input.md](hostile-input.md).\n"


def _topics() -> Iterator[tuple[str, str]]:
    names = [name for name, found in inspect.getmembers(Topics) if isinstance(found, property)]
    by_name = {getattr(Topics(), name): inspect.getdoc(getattr(Topics, name)) or "" for name in names}
    return ((f"`{topic}`", by_name[topic]) for topic in Topics().all())


def _message(schema: Schema) -> Iterator[str]:
    data = _resolved(schema["properties"]["data"], schema)
    yield f"### `{schema['title']}`\n"
    yield _sentence(data["description"]) + f" On `{schema['x-kafka-topic']}`.\n"
    yield _fields(data, schema)


def _parts_of_messages(made: Mapping[str, Schema]) -> Iterator[str]:
    yield "## Parts of messages\n"
    parts: dict[str, tuple[Schema, Schema]] = {}
    for schema in made.values():
        for name, part in schema.get("$defs", {}).items():
            if "properties" in part and not name.endswith("Data"):
                parts.setdefault(name, (part, schema))
    for name in sorted(parts):
        part, schema = parts[name]
        yield f"### {name}\n"
        yield _sentence(part.get("description", "")) + "\n"
        yield _fields(part, schema)


def _fields(part: Schema, root: Schema) -> str:
    required = part.get("required", ())
    rows = (
        (
            f"`{name}`" if name in required else f"`{name}`?",
            _type(field, root),
            " ".join(filter(None, (field.get("description", ""), _unit(field)))),
        )
        for name, field in part["properties"].items()
    )
    return _table(("field (? may be absent)", "type", "what"), rows)


def _type(field: Schema, root: Schema) -> str:
    """In words, with its limits."""
    field = {**_resolved(field, root), **{k: v for k, v in field.items() if k != "$ref"}}
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "anyOf" in field:
        choices = [part for part in field["anyOf"] if part.get("type") != "null"]
        return " or ".join(dict.fromkeys(_type(part, root) for part in choices))
    match field.get("type"):
        case "string":
            return _text(field)
        case "integer":
            return f"whole number{_range(field)}"
        case "boolean":
            return "true or false"
        case "array" if "prefixItems" in field:
            return f"list of {', '.join(_type(part, root) for part in field['prefixItems'])}"
        case "array":
            most = f", at most {field['maxItems']:,}" if "maxItems" in field else ""
            return f"list of {_type(field.get('items', {}), root)}{most}"
        case "object" if "title" in field and "properties" in field:
            return f"[{field['title']}](#{field['title'].lower()})"
        case "object":
            return "object"
        case _:
            return "anything"


def _text(field: Schema) -> str:
    if field.get("format") == "uuid":
        return "UUID"
    if field.get("format") == "date-time":
        return "RFC 3339 time"
    least, most = field.get("minLength"), field.get("maxLength")
    if most is None:
        return "text"
    return f"text, {least}-{most:,}" if least else f"text, up to {most:,}"


def _range(field: Schema) -> str:
    least, most = field.get("minimum"), field.get("maximum")
    if most is not None:
        return f", {least:,}-{most:,}"
    return "" if least is None else f", at least {least:,}"


def _unit(field: Schema) -> str:
    return f"Unit: {field['x-unit']}." if "x-unit" in field else ""


def _resolved(part: Schema, root: Schema) -> Schema:
    while "$ref" in part:
        part = root["$defs"][part["$ref"].removeprefix("#/$defs/")]
    return part


def _sentence(text: str) -> str:
    """Its first paragraph, on one line."""
    return re.sub(r"\s+", " ", text.partition("\n\n")[0]).strip()


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()


if __name__ == "__main__":
    sys.stdout.write(markdown())
