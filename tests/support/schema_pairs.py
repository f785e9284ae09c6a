"""Small JSON Schemas at random and one change of each: what the compatibility gate is tried with.

Made of what a schema of ours is made of and of what somebody might add to one. The same seed gives the same.
"""

from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any

NAMES = ("kind", "a", "b")
KINDS = ("string", "integer", "number", "boolean", "null", "object", "array")
WORDS = ("flow", "adhoc", "x", "xx")
LIMITS: dict[str, tuple[str, ...]] = {
    "string": ("minLength", "maxLength", "pattern"),
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "array": ("minItems", "maxItems", "uniqueItems", "items", "prefixItems"),
    "object": ("required", "additionalProperties", "minProperties", "maxProperties"),
    "boolean": (),
    "null": (),
}
LIMITS["number"] = LIMITS["integer"]
OTHERS = {
    "minimum": "exclusiveMinimum",
    "maximum": "exclusiveMaximum",
    "exclusiveMinimum": "minimum",
    "exclusiveMaximum": "maximum",
    "anyOf": "oneOf",
    "oneOf": "anyOf",
    "allOf": "anyOf",
}
"""A keyword, and one that is nearly the same."""
CHOICES: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("minLength", "minItems", "minProperties"), (1, 2)),
    **dict.fromkeys(("maxLength", "maxItems", "maxProperties"), (1, 2, 3)),
    **dict.fromkeys(("minimum", "exclusiveMinimum"), (0, 1, 1.5)),
    **dict.fromkeys(("maximum", "exclusiveMaximum"), (2, 3, 3.5)),
    "multipleOf": (1, 2, 0.5),
    "pattern": ("^x", "x$"),
    "uniqueItems": (True,),
    "not": ({"const": "x"}, {"const": 1}, {"enum": [2, None]}, {"type": "null"}, {}),
}
"""What a keyword is set to."""
IN_PLACE = ("anyOf", "oneOf", "allOf", "not", "enum", "const", "rule")


def pair(random: Random) -> tuple[Any, Any]:
    """A schema, and another that mostly differs from it in one thing."""
    one = schema(random, 2)
    if random.random() < 0.1:
        return one, schema(random, 2)
    other = deepcopy(one)
    for _ in range(random.choice((1, 1, 2))):
        _change(random, other)
    return (one, other) if random.random() < 0.5 else (other, one)


def schema(random: Random, depth: int) -> dict[str, Any]:
    """Most often an object, since messages are."""
    kind = (
        "object"
        if depth == 2 and random.random() < 0.8
        else random.choice((*KINDS, "array") if depth else KINDS[:5])
    )
    made: dict[str, Any] = {"type": kind}
    if random.random() < 0.15:
        made["type"] = sorted({kind, random.choice(KINDS[:5])})
    if kind == "object":
        made["properties"] = {
            name: _field(random, name, depth - 1) for name in NAMES if random.random() < 0.8
        }
    for keyword in LIMITS[kind]:
        if random.random() < 0.3:
            _put(random, made, keyword, depth)
    if random.random() < 0.3:
        _put(random, made, random.choice(IN_PLACE), depth)
    if depth == 2 and random.random() < 0.3:
        made = {"$ref": "#/$defs/Whole", "$defs": {"Whole": made}}
    return made


def _limited(random: Random, depth: int, beside: dict[str, Any]) -> dict[str, Any]:
    """No more than another limit of what stands beside it."""
    made: dict[str, Any] = {}
    if limits := LIMITS[_kind(beside)]:
        _put(random, made, random.choice(limits), depth)
    return made


def _field(random: Random, name: str, depth: int) -> dict[str, Any]:
    return (
        {"enum": random.sample(WORDS, 2)}
        if name == "kind" and random.random() < 0.5
        else schema(random, depth)
    )


def _put(random: Random, into: dict[str, Any], keyword: str, depth: int) -> None:
    """Set a keyword to something at random."""
    below = max(depth - 1, 0)
    if keyword in CHOICES:
        into[keyword] = deepcopy(random.choice(CHOICES[keyword]))
    elif keyword == "required":
        into[keyword] = random.sample(NAMES, random.choice((1, 2)))
    elif keyword in ("items", "additionalProperties"):
        into[keyword] = random.choice((False, True, schema(random, below)))
    elif keyword in ("anyOf", "oneOf", "allOf", "prefixItems"):
        limited = keyword != "prefixItems" and random.random() < 0.6
        into[keyword] = [
            _limited(random, below, into) if limited else schema(random, below)
            for _ in range(random.choice((1, 2)))
        ]
    elif keyword == "enum":
        numbers, others = random.sample((1, 2, 3), 2), random.sample((None, True), 1)
        into[keyword] = [*random.sample(WORDS, 2), *numbers, *others]
    elif keyword == "const":
        into[keyword] = random.choice(("x", 1) if _kind(into) != "boolean" else (True, None))
    else:
        _put_rule(random, into)


def _put_rule(random: Random, into: dict[str, Any]) -> None:
    """As `start` has them: what another field is when the kind is this one."""
    into["if"] = {"properties": {"kind": random.choice(({"const": "flow"}, {"enum": ["flow", "x"]}))}}
    if random.random() < 0.7:
        into["if"]["required"] = ["kind"]
    for keyword in ("then", "else"):
        if random.random() < 0.7:
            name = random.choice(NAMES[1:])
            into[keyword] = random.choice(
                (
                    {"required": [name]},
                    {"properties": {name: {"type": "null"}}},
                    {"properties": {name: False}},
                )
            )


def _change(random: Random, whole: dict[str, Any]) -> None:
    place = random.choice([place for place in places(whole) if place])
    given = [word for word in place if word not in ("$ref", "$defs", "if", "type", "properties")]
    what = random.random()
    if what < 0.35 and (limits := LIMITS[_kind(place)]):
        _put(random, place, random.choice(limits), 1)
    elif what < 0.55:
        _put(random, place, random.choice(IN_PLACE), 1)
    elif what < 0.9 and given:
        _alter(random, place, random.choice(given))
    elif "properties" in place:
        place["properties"][random.choice(NAMES)] = schema(random, 0)
    else:
        place["type"] = random.choice((*KINDS, ["string", "null"], ["integer", "string"]))


def _alter(random: Random, place: dict[str, Any], keyword: str) -> None:
    value = place.pop(keyword)
    if random.random() < 0.4:
        return
    if keyword == "enum":
        place[keyword] = random.choice((value[1:], [*value, "new"]))
    elif keyword in OTHERS:
        place[OTHERS[keyword]] = value
    elif keyword in ("then", "else"):
        _put_rule(random, place)
    else:
        _put(random, place, keyword, 1)


def _kind(place: dict[str, Any]) -> str:
    kinds = place.get("type", "object")
    return kinds if isinstance(kinds, str) else str(kinds[0])


def places(part: Any) -> Iterator[dict[str, Any]]:
    """All schemas in a document that are objects, the document first."""
    if not isinstance(part, dict):
        return
    yield part
    for keyword in ("properties", "$defs"):
        for below in part.get(keyword, {}).values():
            yield from places(below)
    for keyword in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for below in part.get(keyword, ()):
            yield from places(below)
    for keyword in ("items", "additionalProperties", "then", "else"):
        yield from places(part.get(keyword))
