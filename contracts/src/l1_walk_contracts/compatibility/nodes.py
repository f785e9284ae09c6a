"""A place in a JSON Schema (2020-12): what stands there, and the pointer to it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

PROSE: Final = frozenset({"title", "description", "examples", "$comment"})
"""For people: no value is taken or refused by them."""
UNNAMED: Final = "#"

_DEEP: Final = 64


@dataclass(frozen=True, eq=False)
class Node:
    """A schema within a document."""

    schema: Mapping[str, Any]
    pointer: str
    root: Mapping[str, Any]

    def child(self, *steps: str | int) -> "Node":
        """The schema so many steps below, by its keys and places."""
        found: Any = self.schema
        for step in steps:
            found = found[step]
        pointer = self.pointer + "".join(f"/{_escaped(str(step))}" for step in steps)
        return Node(as_object(found), pointer, self.root)

    def children(self, keyword: str) -> Iterator["Node"]:
        """The schemas in a list of them."""
        for place in range(len(self.schema.get(keyword, ()))):
            yield self.child(keyword, place)

    def target(self) -> "Node | None":
        """What `$ref` points to; None for a document that is not at hand, and for a place that is not there."""
        reference = self.schema["$ref"]
        if not isinstance(reference, str) or not reference.startswith("#"):
            return None
        found: Any = self.root
        for step in reference.removeprefix("#").removeprefix("/").split("/") if reference != "#" else ():
            key = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, Mapping) or key not in found:
                return None
            found = found[key]
        return Node(as_object(found), reference.removeprefix("#"), self.root)


Nodes = tuple[Node, ...]
"""Schemas all of which a value must keep."""


def document(schema: Mapping[str, Any]) -> Nodes:
    """A whole document."""
    return (Node(schema, "", schema),)


def as_object(schema: Any) -> Mapping[str, Any]:
    """A schema that is true or false in its other form."""
    if schema is True:
        return {}
    return {"not": {}} if schema is False else schema


def canonical(value: Any) -> str:
    """JSON text that is equal where the values are: keys in any order, 1 and 1.0, but neither 1 nor true."""
    return json.dumps(_normal(value), sort_keys=True, ensure_ascii=False)


def written_out(node: Node, value: Any, depth: int = 0) -> str:
    """The value of a keyword with all `$ref` in it resolved and without prose, as canonical text."""
    return canonical(_written_out(node, value, depth))


def _written_out(node: Node, value: Any, depth: int) -> Any:
    if depth > _DEEP:
        return "..."
    if isinstance(value, Mapping):
        told = {key: _written_out(node, part, depth + 1) for key, part in value.items() if key not in PROSE}
        target = Node(value, "", node.root).target() if "$ref" in value else None
        if target is None:
            return told
        del told["$ref"]
        return (
            {"allOf": [_written_out(node, target.schema, depth + 1), told]}
            if told
            else _written_out(node, target.schema, depth + 1)
        )
    return [_written_out(node, part, depth + 1) for part in value] if isinstance(value, list) else value


def _normal(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: _normal(part) for key, part in value.items()}
    return [_normal(part) for part in value] if isinstance(value, list | tuple) else value


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")
