"""What no value is refused for, and yet is understood by: units, defaults, formats, fields that went, and prose."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from .branches import KNOWN
from .nodes import PROSE, Node, Nodes, canonical, written_out

Kind = Literal["meaning", "gone", "undecided", "added", "prose"]

_MEANING: Final = ("format", "default", "x-unit")
_SAID: Final = PROSE | {*_MEANING, "$id", "$schema", "deprecated"}
_IN_PLACE: Final = ("allOf", "anyOf", "oneOf")
_CONDITIONAL: Final = ("then", "else")


@dataclass(frozen=True)
class Change:
    """A difference in what a field is understood as."""

    kind: Kind
    path: str
    old: Nodes
    new: Nodes
    keyword: str
    was: str = ""
    """Canonical JSON, or nothing where it was not there."""
    now: str = ""


@dataclass
class _Told:
    """All that is said of one field, wherever in its schema it is said."""

    keywords: dict[str, set[str]] = field(default_factory=dict)
    fields: dict[str, Nodes] = field(default_factory=dict)
    entries: dict[str, Nodes] = field(default_factory=dict)


def changes(old: Nodes, new: Nodes) -> list[Change]:
    """All such differences between two documents."""
    return list(_between(old, new, "", set()))


def _between(old: Nodes, new: Nodes, path: str, seen: set[tuple[str, ...]]) -> Iterator[Change]:
    key = (*(node.pointer for node in old), "", *(node.pointer for node in new))
    if key in seen:
        return
    seen.add(key)
    was, now = _told(old), _told(new)
    yield from _keywords(was, now, path, old, new)
    for name in was.fields.keys() - now.fields.keys():
        yield Change("gone", _below(path, name), was.fields[name], new, "properties")
    for name in now.fields.keys() - was.fields.keys():
        yield Change("added", _below(path, name), old, now.fields[name], "properties")
    for name in was.fields.keys() & now.fields.keys():
        yield from _between(was.fields[name], now.fields[name], _below(path, name), seen)
    for place in was.entries.keys() & now.entries.keys():
        yield from _between(was.entries[place], now.entries[place], f"{path}{place}", seen)


def _keywords(was: _Told, now: _Told, path: str, old: Nodes, new: Nodes) -> Iterator[Change]:
    for keyword in sorted(was.keywords.keys() | now.keywords.keys()):
        before, after = was.keywords.get(keyword, set()), now.keywords.get(keyword, set())
        if keyword == "const":
            if before and not after and "enum" not in now.keywords:
                yield Change("meaning", path, old, new, keyword, _text(before), "")
        elif before != after and keyword != "enum":
            yield Change(_kind(keyword, before), path, old, new, keyword, _text(before), _text(after))


def _kind(keyword: str, before: Iterable[str]) -> Kind:
    if keyword in PROSE or keyword == "$id":
        return "prose"
    if keyword == "x-unit" and not before:
        return "undecided"  # what it was in until now, nobody had said
    return "meaning" if keyword in _MEANING else "undecided"


def _told(nodes: Nodes) -> _Told:
    told = _Told()
    for node in nodes:
        _gather(node, told, set(), is_certain=True)
    return told


def _gather(node: Node, told: _Told, seen: set[str], *, is_certain: bool) -> None:
    if node.pointer in seen:
        return
    seen.add(node.pointer)
    _gather_own(node, told, is_certain=is_certain)
    if "$ref" in node.schema and (target := node.target()) is not None:
        _gather(target, told, seen, is_certain=is_certain)
    for keyword in _IN_PLACE:
        for part in node.children(keyword):
            _gather(part, told, seen, is_certain=is_certain)
    for keyword in _CONDITIONAL:
        if keyword in node.schema:
            _gather(node.child(keyword), told, seen, is_certain=False)


def _gather_own(node: Node, told: _Told, *, is_certain: bool) -> None:
    for keyword, value in node.schema.items():
        if keyword in _SAID or (keyword in ("const", "enum") and is_certain):
            told.keywords.setdefault(keyword, set()).add(canonical(value))
        elif keyword not in KNOWN and keyword != "not":
            told.keywords.setdefault(keyword, set()).add(written_out(node, value))
    for name in node.schema.get("properties", {}):
        told.fields[name] = (*told.fields.get(name, ()), node.child("properties", name))
    entries = [(f"[{place}]", entry) for place, entry in enumerate(node.children("prefixItems"))]
    for keyword, place_ in (("items", "[]"), ("additionalProperties", ".*")):
        if isinstance(node.schema.get(keyword), dict):
            entries.append((place_, node.child(keyword)))
    for place_, entry in entries:
        told.entries[place_] = (*told.entries.get(place_, ()), entry)


def _text(values: set[str]) -> str:
    return ", ".join(sorted(values))


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
