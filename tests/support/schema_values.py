"""Values at the edges of two JSON Schemas: those that one takes and the other may refuse, made without the gate."""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from random import Random
from typing import Any

Schemas = tuple["Placed", ...]


class Placed:
    """A schema and the document that its `$ref`s point into."""

    def __init__(self, schema: Any, root: Any) -> None:
        self.schema = schema if isinstance(schema, dict) else {}
        self.root = root

    def below(self, schema: Any) -> "Placed":
        return Placed(schema, self.root)


class Edges:
    """Values for a sender and a reader, of the fields that the sender knows.

    Args:
        random: chooses.
        sender: whose schema the values mostly keep.
        reader: whose limits they try.
    """

    def __init__(self, random: Random, sender: Any, reader: Any) -> None:
        self._random = random
        self._sender = (Placed(sender, sender),)
        self._reader = (Placed(reader, reader),)

    def value(self) -> Any:
        """One of any kind that either knows."""
        return self._value(self._sender, self._reader, 0)

    def near(self, message: Any) -> Any:
        """The message with another value in some places, or a field less, or more."""
        changed = deepcopy(message)
        for _ in range(self._random.choice((1, 1, 2, 3))):
            changed = self._vary(changed, self._sender, self._reader, 0)
        return changed

    def _vary(self, value: Any, sender: Schemas, reader: Schemas, depth: int) -> Any:
        sent, read = _all_here(sender), _all_here(reader)
        if depth and (not isinstance(value, dict | list) or self._random.random() < 0.1):
            return self._value(sender, reader, depth)
        if isinstance(value, list):
            if not value or self._random.random() < 0.3:
                return self._value(sender, reader, depth)
            at = self._random.randrange(len(value))
            value[at] = self._vary(value[at], _entries(sent, at), _entries(read, at), depth + 1)
            return value
        names = sorted({*_names(sent), *value})
        if not names:
            return value
        inner = [name for name in names if isinstance(value.get(name), dict | list)]
        name = self._random.choice(inner if inner and self._random.random() < 0.6 else names)
        if name in value and name not in inner and self._random.random() < 0.3:
            del value[name]
        elif name in value:
            value[name] = self._vary(value[name], _fields(sent, name), _fields(read, name), depth + 1)
        else:
            value[name] = self._value(_fields(sent, name), _fields(read, name), depth + 1)
        return value

    def _value(self, sender: Schemas, reader: Schemas, depth: int) -> Any:
        sent, read = _all_here(sender), _all_here(reader)
        both = [*sent, *read]
        listed = list(_listed(both))
        if listed and self._random.random() < 0.5:
            return deepcopy(self._random.choice(listed))
        kinds = list(_kinds(sent)) or ["string", "integer", "null", "object", "array"]
        match self._random.choice(kinds):
            case "string":
                return self._random.choice(_texts(both))
            case "integer":
                return self._random.choice(_numbers(both))
            case "number":
                return self._random.choice([*_numbers(both), 1.5, 2.5, 0.25])
            case "boolean":
                return self._random.random() < 0.5
            case "array" if depth < 6:
                size = self._random.choice(_sizes(both, "Items"))
                entries = [
                    self._value(_entries(sent, at), _entries(read, at), depth + 1) for at in range(size)
                ]
                return entries[:1] * size if size > 1 and self._random.random() < 0.2 else entries
            case "object" if depth < 6:
                names = _names(sent) or ["a"] * any(_is_open(one) for one in sent)
                share = self._random.choice((0.3, 0.8, 1.0))
                chosen = [name for name in names if self._random.random() < share]
                return {n: self._value(_fields(sent, n), _fields(read, n), depth + 1) for n in chosen}
            case _:
                return None


def _all_here(schemas: Iterable[Placed]) -> list[Placed]:
    """All schemas that may bear on a value in this place."""
    found: list[Placed] = []
    left = list(schemas)
    while left and len(found) < 60:
        one = left.pop(0)
        found.append(one)
        if "$ref" in one.schema:
            target = one.root
            for step in str(one.schema["$ref"]).removeprefix("#").strip("/").split("/"):
                target = target[step] if step else target
            left.append(one.below(target))
        for keyword in ("anyOf", "oneOf", "allOf"):
            left += [one.below(part) for part in one.schema.get(keyword, ())]
        left += [one.below(one.schema[word]) for word in ("if", "then", "else", "not") if word in one.schema]
    return found


def _listed(schemas: Iterable[Placed]) -> Iterator[Any]:
    for one in schemas:
        yield from one.schema.get("enum", ())
        yield from one.schema.get("examples", ())
        if "const" in one.schema:
            yield one.schema["const"]


def _kinds(schemas: Iterable[Placed]) -> Iterator[str]:
    for one in schemas:
        kinds = one.schema.get("type", "object" if "properties" in one.schema else ())
        yield from [kinds] if isinstance(kinds, str) else kinds


def _limits(schemas: Iterable[Placed], *keywords: str) -> set[float]:
    return {one.schema[keyword] for one in schemas for keyword in keywords if keyword in one.schema}


def _sizes(schemas: list[Placed], what: str, most: int = 4) -> list[int]:
    limits = _limits(schemas, f"min{what}", f"max{what}") | {0, 1, 2}
    return sorted({max(0, min(int(n) + d, most)) for n in limits for d in (-1, 0, 1)})


def _texts(schemas: list[Placed]) -> list[str]:
    sizes = _sizes(schemas, "Length", 41_000)
    return [letters * size for size in sizes for letters in "xy"] + ["x" + "y" * size for size in sizes]


def _numbers(schemas: list[Placed]) -> list[float]:
    bounds = _limits(schemas, "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf") | {
        0,
        4,
    }
    return sorted({bound + d for bound in bounds for d in (-1, -0.5, 0, 0.5, 1)} | {3, 5, -7, 2**40})


def _is_open(one: Placed) -> bool:
    """Whether the fields beside those that it names are described, so that a sender may write some."""
    return bool(one.schema.get("additionalProperties")) and one.schema["additionalProperties"] is not True


def _names(schemas: list[Placed]) -> list[str]:
    known = {name: None for one in schemas for name in one.schema.get("properties", {})}
    return [*known, *(["other", "a", "b"] if any(_is_open(one) for one in schemas) else ())]


def _fields(schemas: list[Placed], name: str) -> Schemas:
    return tuple(
        one.below(one.schema.get("properties", {}).get(name, one.schema.get("additionalProperties")))
        for one in schemas
    )


def _entries(schemas: list[Placed], at: int) -> Schemas:
    found = []
    for one in schemas:
        prefix = one.schema.get("prefixItems", ())
        found.append(one.below(prefix[at] if at < len(prefix) else one.schema.get("items")))
    return tuple(found)
