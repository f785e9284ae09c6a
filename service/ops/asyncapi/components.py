"""The JSON Schemas of the contracts as the components of one document: each type once, in AsyncAPI's dialect."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

_OF_FILES: Final = ("$schema", "$id", "$defs", "x-kafka-topic", "x-kafka-key")
"""What says something of a schema that is a file of its own."""


def reference(name: str) -> dict[str, str]:
    """A reference to the component of this name."""
    return {"$ref": f"#/components/schemas/{name}"}


def types_of(schemas: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The types that these schemas share, by name, each once.

    Raises:
        ValueError: two of them have one name, and are not the same.
    """
    found: dict[str, Any] = {}
    for schema in schemas:
        for name, definition in schema.get("$defs", {}).items():
            put = _in_dialect(definition)
            there = found.setdefault(name, put)
            if _bare(there) != _bare(put):
                raise ValueError(f"two types are named {name}")
    return dict(sorted(found.items()))


def payload(schema: Mapping[str, Any], title: str) -> dict[str, Any]:
    """The schema of one message, under a name that is one in every language."""
    body = {name: part for name, part in schema.items() if name not in (*_OF_FILES, "examples")}
    converted: dict[str, Any] = _in_dialect(body)
    return converted | {"title": title}


def _in_dialect(schema: Any) -> Any:
    """The same in the dialect of AsyncAPI 3.0, which is that of JSON Schema draft 7.

    There a list of fixed places is `items`, and nothing counts beside a `$ref`: a description there is for who reads.
    For the sake of generators, which make nameless types of everything else, a type that may be null is a list of
    types, and rules that depend on another field's value are left to the schema in `schemas/` and to the description.
    """
    if isinstance(schema, list):
        return [_in_dialect(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {name: value if name == "examples" else _in_dialect(value) for name, value in schema.items()}
    if isinstance(parts.get("$ref"), str):
        about = {"description": parts["description"]} if "description" in parts else {}
        return reference(parts["$ref"].rpartition("/")[2]) | about
    if any("if" in rule for rule in parts.get("allOf", ())):
        del parts["allOf"]
    if "prefixItems" in parts:
        parts["items"] = parts.pop("prefixItems")
    return _nullable(parts)


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    choices = schema.get("anyOf", [])
    given = [choice for choice in choices if choice != {"type": "null"}]
    if len(choices) == 2 and len(given) == 1 and isinstance(given[0].get("type"), str):
        rest = {name: part for name, part in schema.items() if name != "anyOf"}
        whole: dict[str, Any] = given[0] | {"type": [given[0]["type"], "null"]} | rest
        return whole
    return schema


def _bare(schema: Any) -> Any:
    """The schema without its examples, which may be those of the message it was made for."""
    if isinstance(schema, list):
        return [_bare(part) for part in schema]
    if isinstance(schema, dict):
        return {name: _bare(part) for name, part in schema.items() if name != "examples"}
    return schema
