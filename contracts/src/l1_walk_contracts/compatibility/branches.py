"""A schema as alternatives, each of which is plain: no `$ref`, `allOf`, `anyOf`, `if` are left in it.

Two schemas that take the same values in other words (a type moved into `$defs`, a rule written as `anyOf` or as
`if`) have alternatives that can be compared. What is not understood is kept word by word as an `unknown`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Final

from .nodes import PROSE, Node, Nodes, canonical, written_out

NUMBERS: Final = frozenset({"integer", "fraction"})
"""The type `number` is both; a fraction is a number that is no integer."""
TYPES: Final = frozenset({"null", "boolean", "string", "array", "object"}) | NUMBERS

_PLAIN: Final = PROSE | {
    "$schema",
    "$id",
    "$ref",
    "$defs",
    "default",
    "format",
    "deprecated",
    "x-unit",
    "x-kafka-topic",
    "x-kafka-key",
    "x-direction",
}
"""What refuses no value; `meaning` compares it."""
_READ: Final = frozenset(
    [
        "type",
        "const",
        "enum",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "minItems",
        "maxItems",
        "uniqueItems",
        "items",
        "prefixItems",
        "properties",
        "required",
        "additionalProperties",
        "minProperties",
        "maxProperties",
        "allOf",
        "anyOf",
        "oneOf",
        "if",
        "then",
        "else",
    ]
)
_LOOKS_AROUND: Final = frozenset(
    [
        "patternProperties",
        "unevaluatedProperties",
        "unevaluatedItems",
        "contains",
        "minContains",
        "maxContains",
        "$anchor",
        "$dynamicRef",
        "$dynamicAnchor",
    ]
)
"""Unknown keywords that mean what they mean by the keywords beside them: kept with all of these."""
KNOWN: Final = _PLAIN | _READ
_CONDITION: Final = ("if", "then", "else")
_MANY: Final = 512


class TooManyError(Exception):
    """A schema with more alternatives than are compared."""


@dataclass(frozen=True)
class Branch:
    """One alternative: a value keeps all of it. As made, it takes anything."""

    types: frozenset[str] = TYPES
    values: tuple[Any, ...] | None = None
    """The only ones taken, where they can be listed."""
    excluded: tuple[Any, ...] = ()
    low: Fraction | None = None
    high: Fraction | None = None
    low_open: bool = False
    high_open: bool = False
    multiples: tuple[Fraction, ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)
    """`minLength`, `maxItems` and their like."""
    patterns: frozenset[str] = frozenset()
    unique: bool = False
    prefix: tuple[Nodes, ...] = ()
    items: Nodes = ()
    properties: Mapping[str, Nodes] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    others: Nodes = ()
    """What all fields beside the `properties` must keep."""
    unknown: frozenset[tuple[str, str]] = frozenset()
    wild: bool = True
    """Whether it stands for anything at all, with no word said about it."""
    where: tuple[str, ...] = ()
    """In words, the conditions under which it is this alternative."""

    def only(self, kind: str) -> "Branch":
        """The values of one type."""
        values = None if self.values is None else tuple(v for v in self.values if type_of(v) == kind)
        return replace(self, types=frozenset({kind}), values=values)

    @property
    def is_closed(self) -> bool:
        """Whether it refuses fields that it does not know."""
        return any(canonical(node.schema) == '{"not": {}}' for node in self.others)

    def of(self, name: str) -> Nodes:
        """What a field must keep."""
        return self.properties.get(name, self.others)

    def at(self, place: int) -> Nodes:
        """What the entry at this place of a list must keep."""
        return self.prefix[place] if place < len(self.prefix) else self.items


def branches(nodes: Nodes, depth: int = 0) -> list[Branch]:
    """The alternatives of a value that keeps all these schemas; none where no value can."""
    found = [Branch()]
    for node in nodes:
        found = _both(found, _of(node, depth))
    return found


def type_of(value: Any) -> str:
    """The type of a JSON value; 3.0 is an integer."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "integer" if Fraction(value).denominator == 1 else "fraction"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Mapping) else "array"


def _of(node: Node, depth: int) -> list[Branch]:
    if depth > 50:
        raise TooManyError
    schema = node.schema
    found = _plain(node)
    if "$ref" in schema and (target := node.target()) is not None:
        found = _both(found, _of(target, depth + 1))
    for part in node.children("allOf"):
        found = _both(found, _of(part, depth + 1))
    if "anyOf" in schema:
        found = _both(found, [branch for part in node.children("anyOf") for branch in _of(part, depth + 1)])
    if "oneOf" in schema:
        parts = [_of(part, depth + 1) for part in node.children("oneOf")]
        if _are_apart(parts):
            found = _both(found, [branch for part in parts for branch in part])
    if "if" in schema and (rule := _rule(node, depth)) is not None:
        found = _both(found, rule)
    return found


def _both(left: list[Branch], right: list[Branch]) -> list[Branch]:
    if len(left) * len(right) > _MANY:
        raise TooManyError
    return [merged for a in left for b in right if (merged := meet(a, b)) is not None]


def meet(a: Branch, b: Branch) -> Branch | None:
    """What both alternatives take; None where it is nothing for certain."""
    low, low_open = _tighter((a.low, a.low_open), (b.low, b.low_open), max)
    high, high_open = _tighter((a.high, a.high_open), (b.high, b.high_open), min)
    names = [*a.properties, *(name for name in b.properties if name not in a.properties)]
    merged = Branch(
        types=a.types & b.types,
        values=_listed(a, b),
        excluded=(*a.excluded, *b.excluded),
        low=low,
        low_open=low_open,
        high=high,
        high_open=high_open,
        multiples=(*a.multiples, *b.multiples),
        sizes={
            name: (min if name.startswith("max") else max)(s[name] for s in (a.sizes, b.sizes) if name in s)
            for name in (*a.sizes, *b.sizes)
        },
        patterns=a.patterns | b.patterns,
        unique=a.unique or b.unique,
        prefix=tuple((*a.at(n), *b.at(n)) for n in range(max(len(a.prefix), len(b.prefix)))),
        items=(*a.items, *b.items),
        properties={name: (*a.of(name), *b.of(name)) for name in names},
        required=a.required | b.required,
        others=(*a.others, *b.others),
        unknown=a.unknown | b.unknown,
        wild=a.wild and b.wild,
        where=(*a.where, *(words for words in b.where if words not in a.where)),
    )
    return _possible(merged)


def _possible(branch: Branch) -> Branch | None:
    if branch.values is not None:
        excluded = {canonical(value) for value in branch.excluded}
        kept = [v for v in branch.values if type_of(v) in branch.types and canonical(v) not in excluded]
        branch = replace(branch, values=tuple(kept), types=branch.types & frozenset(type_of(v) for v in kept))
    if "object" in branch.types:
        for name in branch.required:
            if len(nodes := branch.of(name)) > 1 and not branches(nodes, depth=40):
                branch = replace(branch, types=branch.types - {"object"})
                break
    return branch if branch.types else None


def _listed(a: Branch, b: Branch) -> tuple[Any, ...] | None:
    if a.values is None or b.values is None:
        return a.values if b.values is None else b.values
    known = {canonical(value) for value in b.values}
    return tuple(value for value in a.values if canonical(value) in known)


def _tighter(a: tuple[Fraction | None, bool], b: tuple[Fraction | None, bool], best: Any) -> Any:
    if a[0] is None or b[0] is None:
        return b if a[0] is None else a
    if a[0] == b[0]:
        return a[0], a[1] or b[1]
    return a if best(a[0], b[0]) == a[0] else b


def _plain(node: Node) -> list[Branch]:
    """The keywords of a schema that stand for themselves, as one alternative; none for `not: {}`."""
    schema = node.schema
    if "not" in schema and not schema["not"]:
        return []
    low, low_open = _tighter(_bound(schema, "minimum", False), _bound(schema, "exclusiveMinimum", True), max)
    high, high_open = _tighter(
        _bound(schema, "maximum", False), _bound(schema, "exclusiveMaximum", True), min
    )
    branch = Branch(
        types=_types(schema),
        values=_values(schema),
        excluded=_excluded(schema),
        low=low,
        low_open=low_open,
        high=high,
        high_open=high_open,
        multiples=(Fraction(str(schema["multipleOf"])),) if "multipleOf" in schema else (),
        sizes={
            name: schema[name]
            for what in ("Length", "Items", "Properties")
            for name in (f"min{what}", f"max{what}")
            if name in schema
        },
        patterns=frozenset({schema["pattern"]} if "pattern" in schema else ()),
        unique=bool(schema.get("uniqueItems")),
        prefix=tuple((part,) for part in node.children("prefixItems")),
        items=(node.child("items"),) if "items" in schema else (),
        properties={name: (node.child("properties", name),) for name in schema.get("properties", {})},
        required=frozenset(schema.get("required", ())),
        others=(node.child("additionalProperties"),) if "additionalProperties" in schema else (),
        unknown=frozenset(_unknown(node)),
        wild=not any(name in _READ or name not in _PLAIN for name in schema if not _applies(name)),
    )
    possible = _possible(branch)
    return [] if possible is None else [possible]


def _applies(keyword: str) -> bool:
    return keyword in ("allOf", "anyOf", "oneOf")


def _bound(schema: Mapping[str, Any], keyword: str, is_open: bool) -> tuple[Fraction | None, bool]:
    return (Fraction(str(schema[keyword])), is_open) if keyword in schema else (None, False)


def _types(schema: Mapping[str, Any]) -> frozenset[str]:
    if "type" not in schema:
        return TYPES
    given = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    return frozenset(kind for name in given for kind in (NUMBERS if name == "number" else (name,)))


def _values(schema: Mapping[str, Any]) -> tuple[Any, ...] | None:
    if "const" in schema and "enum" in schema:
        return tuple(v for v in schema["enum"] if canonical(v) == canonical(schema["const"]))
    if "const" in schema:
        return (schema["const"],)
    return tuple(schema["enum"]) if "enum" in schema else None


def _excluded(schema: Mapping[str, Any]) -> tuple[Any, ...]:
    refused = schema.get("not")
    if not isinstance(refused, Mapping) or set(refused) - PROSE not in ({"const"}, {"enum"}):
        return ()
    return _values(refused) or ()


def _unknown(node: Node) -> Iterable[tuple[str, str]]:
    """Each keyword that is not understood, with its value, and all that bears on it."""
    schema = node.schema
    for keyword, value in schema.items():
        if keyword in _LOOKS_AROUND:
            yield keyword, written_out(node, schema)
        elif not _is_understood(node, keyword):
            yield keyword, written_out(node, value)
    if "if" in schema and _condition(node) is None:
        yield "if", written_out(node, {name: schema[name] for name in _CONDITION if name in schema})


def _is_understood(node: Node, keyword: str) -> bool:
    match keyword:
        case "not":
            return not node.schema["not"] or bool(_excluded(node.schema))
        case "$ref":
            return node.target() is not None
        case "oneOf":
            return _are_apart([_of(part, 40) for part in node.children("oneOf")])
    return keyword in KNOWN


def _are_apart(parts: list[list[Branch]]) -> bool:
    """Whether no value keeps two of these."""
    return not any(
        meet(a, b) is not None
        for place, part in enumerate(parts)
        for other in parts[place + 1 :]
        for a in part
        for b in other
    )


def _rule(node: Node, depth: int) -> list[Branch] | None:
    """`if`, `then` and `else` as alternatives; None where what is not so cannot be put in words."""
    if (condition := _condition(node)) is None:
        return None
    name, values = condition
    told = (f"{name} is {' or '.join(map(str, values))}",)
    so = [replace(branch, where=told) for branch in _of(node.child("if"), depth + 1)]
    not_so = [
        branch
        for other in _otherwise(node.schema["if"], name, values)
        for branch in _of(Node(other, f"{node.pointer}/if/not", node.root), depth + 1)
    ]
    if "then" in node.schema:
        so = _both(so, _of(node.child("then"), depth + 1))
    if "else" in node.schema:
        not_so = _both(not_so, _of(node.child("else"), depth + 1))
    return [*so, *not_so]


def _otherwise(asked: Mapping[str, Any], name: str, values: tuple[Any, ...]) -> Iterator[dict[str, Any]]:
    """What does not keep the `if`: an object whose field has another value and, where it asks for these, one without
    the field, and what is no object."""
    yield {"type": "object", "required": [name], "properties": {name: {"not": {"enum": list(values)}}}}
    if "required" in asked:
        yield {"type": "object", "properties": {name: {"not": {}}}}
    if "type" in asked:
        yield {"type": [*sorted(TYPES - NUMBERS - {"object"}), "number"]}


def _condition(node: Node) -> tuple[str, tuple[Any, ...]] | None:
    """The field and its values that an `if` asks for, where it asks for nothing else."""
    asked = {key: value for key, value in node.schema["if"].items() if key not in PROSE}
    fields = asked.get("properties", {})
    if len(fields) != 1 or set(asked) - {"properties", "required", "type"}:
        return None
    ((name, field_),) = fields.items()
    if set(asked.get("required", ())) - {name} or asked.get("type", "object") != "object":
        return None
    values = _values(field_) if set(field_) - PROSE <= {"const", "enum"} else None
    return None if values is None or not values else (name, values)
