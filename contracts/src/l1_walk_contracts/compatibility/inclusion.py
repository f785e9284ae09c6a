"""What a sender may write that a reader does not take.

The sender writes the fields that its schema knows, and no others; the reader must take every value that the sender may
write. A gap is where it may not. Where it cannot be decided, that is a gap, too.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final, Literal

from .branches import NUMBERS, Branch, TooManyError, branches
from .nodes import Node, Nodes, canonical
from .values import fits

Kind = Literal[
    "required",
    "type",
    "values",
    "not values",
    "size",
    "bound",
    "pattern",
    "multiple",
    "unique",
    "closed",
    "undecided",
]

_DEEP: Final = 40
_ALTERNATIVES: Final = 64


@dataclass(frozen=True)
class Gap:
    """Something that the sender may write and the reader does not take."""

    kind: Kind
    path: str
    sender: Nodes
    reader: Nodes
    keyword: str
    sends: Any = None
    takes: Any = None
    where: tuple[str, ...] = ()
    """The conditions under which it is so, in words."""


def gaps(sender: Nodes, reader: Nodes) -> list[Gap]:
    """All gaps between two documents."""
    return _Comparison().between(sender, reader, "", 0)


@dataclass(frozen=True)
class _Pair:
    """The same place in both."""

    sender: Nodes
    reader: Nodes
    path: str
    depth: int

    def gap(self, kind: Kind, keyword: str, sends: Any = None, takes: Any = None) -> Gap:
        return Gap(kind, self.path, self.sender, self.reader, keyword, sends, takes)


class _Comparison:
    def __init__(self) -> None:
        self._under_way: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()

    def between(self, sender: Nodes, reader: Nodes, path: str, depth: int) -> list[Gap]:
        """The gaps at one place and below it. A place that refers to itself is taken to have none but its own."""
        pair = _Pair(sender, reader, path, depth)
        key = (tuple(node.pointer for node in sender), tuple(node.pointer for node in reader))
        if key in self._under_way:
            return []
        self._under_way.add(key)
        try:
            sent, read = branches(sender), branches(reader)
        except TooManyError:
            return [pair.gap("undecided", "anyOf", "it has too many alternatives")]
        else:
            pieces = [branch.only(kind) for branch in sent for kind in sorted(branch.types)]
            return _told_once([gap for piece in pieces for gap in self._piece(piece, read, pair, 0)])
        finally:
            self._under_way.discard(key)

    def _piece(self, piece: Branch, read: list[Branch], pair: _Pair, splits: int) -> list[Gap]:
        """The gaps of one alternative and type of the sender."""
        (kind,) = piece.types
        if piece.wild and any(branch.wild for branch in read):
            return []
        others = [branch.only(kind) for branch in read if kind in branch.types]
        # `{}` beside what is described is for what nobody foresaw, not for the described to become something else
        others = [branch for branch in others if not branch.wild] or others
        if piece.values is not None:
            return _listed(piece, others, pair)
        if not others:
            return [pair.gap("type", "type", "anything" if piece.wild else kind, _types(read))]
        found = [self._one(piece, other, kind, pair) for other in others]
        if [] in found:
            return []
        if len(others) > 1 and splits < 3 and (parts := _split(piece, others)):
            return [gap for part in parts for gap in self._piece(part, read, pair, splits + 1)]
        nearest = min(found, key=lambda gaps_: _distance(gaps_, piece, pair))
        return [replace(gap, where=_joined(piece.where, gap.where)) for gap in nearest]

    def _one(self, piece: Branch, other: Branch, kind: str, pair: _Pair) -> list[Gap]:
        """The gaps between one alternative of each, both of this type."""
        found = [
            pair.gap("undecided", keyword, f"{keyword}, as it stands there, is not compared")
            for keyword, told in sorted(other.unknown)
            if (keyword, told) not in piece.unknown
        ]
        if other.values is not None and not _all_listed(kind, other):
            found.append(pair.gap("values", "enum", None, other.values))
        if excluded := [value for value in other.excluded if fits(piece, value) is not False]:
            found.append(pair.gap("not values", "not", excluded))
        if kind in NUMBERS:
            found += _numbers(piece, other, kind, pair)
        elif kind == "string":
            found += [*_sizes(piece, other, "Length", pair), *_patterns(piece, other, pair)]
        elif kind == "array":
            found += [*_sizes(piece, other, "Items", pair), *self._lists(piece, other, pair)]
        elif kind == "object":
            found += [*_sizes(piece, other, "Properties", pair), *self._objects(piece, other, pair)]
        return found

    def _lists(self, piece: Branch, other: Branch, pair: _Pair) -> Iterator[Gap]:
        if other.unique and not piece.unique and piece.sizes.get("maxItems", 2) > 1:
            yield pair.gap("unique", "uniqueItems")
        rest = max(len(piece.prefix), len(other.prefix))
        for place in range(rest + 1):
            if place < piece.sizes.get("maxItems", rest + 1):
                path = f"{pair.path}[]" if place == rest else f"{pair.path}[{place}]"
                yield from self.between(piece.at(place), other.at(place), path, pair.depth + 1)

    def _objects(self, piece: Branch, other: Branch, pair: _Pair) -> Iterator[Gap]:
        for name in sorted(other.required - piece.required):
            below = replace(pair, path=_below(pair, name), sender=piece.of(name), reader=other.of(name))
            yield replace(below.gap("required", "required"), sender=pair.sender, reader=pair.reader)
        for name in {**piece.properties, **other.properties}:
            sent = piece.properties.get(name, piece.others)
            if name not in piece.properties and (not sent or not any(node.schema for node in sent)):
                continue  # a sender writes no fields that its schema does not know
            if name not in other.properties and other.is_closed and branches(sent):
                below = replace(pair, path=_below(pair, name), sender=sent)
                yield below.gap("closed", "additionalProperties", name)
                continue
            yield from self.between(sent, other.of(name), _below(pair, name), pair.depth + 1)
        if other.is_closed and not piece.is_closed:
            yield pair.gap("closed", "additionalProperties")
        elif piece.others and other.others and not piece.is_closed:
            yield from self.between(piece.others, other.others, _below(pair, "*"), pair.depth + 1)
        elif other.others and not piece.is_closed and not other.is_closed:
            yield from self.between((Node({}, "", {}),), other.others, _below(pair, "*"), pair.depth + 1)


def _below(pair: _Pair, name: str) -> str:
    return f"{pair.path}.{name}" if pair.path else name


def _listed(piece: Branch, others: list[Branch], pair: _Pair) -> list[Gap]:
    """The values that the sender has listed, tried one by one."""
    sent = [value for value in piece.values or () if fits(piece, value) is not False]
    answers = [(value, {fits(other, value) for other in others}) for value in sent]
    refused = [value for value, answer in answers if not answer & {True, None}]
    unsure = [value for value, answer in answers if True not in answer and None in answer]
    found = []
    if refused:
        known = [value for other in others for value in other.values or ()]
        found.append(replace(pair.gap("values", "enum", refused, tuple(known)), where=piece.where))
    if unsure:
        found.append(pair.gap("undecided", "enum", f"it cannot be told whether {unsure} is taken"))
    return found


def _all_listed(kind: str, branch: Branch) -> bool:
    """Whether the listed values are all that there are of this type."""
    there_are = {"null": 1, "boolean": 2}.get(kind)
    return there_are is not None and len(set(map(canonical, branch.values or ()))) == there_are


def _numbers(piece: Branch, other: Branch, kind: str, pair: _Pair) -> Iterator[Gap]:
    low, low_open = _whole(piece.low, piece.low_open, kind, 1)
    least, least_open = _whole(other.low, other.low_open, kind, 1)
    if least is not None and (low is None or (low, low_open) < (least, least_open)):
        yield pair.gap("bound", "minimum", low, least)
    high, high_open = _whole(piece.high, piece.high_open, kind, -1)
    most, most_open = _whole(other.high, other.high_open, kind, -1)
    if most is not None and (high is None or (high, not high_open) > (most, not most_open)):
        yield pair.gap("bound", "maximum", high, most)
    for multiple in other.multiples:
        given = piece.multiples or ((Fraction(1),) if kind == "integer" else ())
        if not any(own % multiple == 0 for own in given):
            yield pair.gap("multiple", "multipleOf", None, multiple)


def _whole(bound: Fraction | None, is_open: bool, kind: str, step: int) -> tuple[Fraction | None, bool]:
    """The bound of integers: the first one that is within."""
    if bound is None or kind != "integer":
        return bound, is_open
    nearest = -((-bound) // 1) if step > 0 else bound // 1
    return (Fraction(nearest + step) if is_open and nearest == bound else Fraction(nearest)), False


def _sizes(piece: Branch, other: Branch, what: str, pair: _Pair) -> Iterator[Gap]:
    least, most = other.sizes.get(f"min{what}", 0), other.sizes.get(f"max{what}")
    if piece.sizes.get(f"min{what}", 0) < least:
        yield pair.gap("size", f"min{what}", piece.sizes.get(f"min{what}", 0), least)
    sent = piece.sizes.get(f"max{what}")
    if most is not None and (sent is None or sent > most):
        yield pair.gap("size", f"max{what}", sent, most)


def _patterns(piece: Branch, other: Branch, pair: _Pair) -> Iterator[Gap]:
    for pattern in sorted(other.patterns - piece.patterns):
        if piece.patterns:
            (first, *_) = sorted(piece.patterns)
            yield pair.gap("undecided", "pattern", f"all that matches {first} may or may not match {pattern}")
        else:
            yield pair.gap("pattern", "pattern", None, pattern)


def _types(read: list[Branch]) -> tuple[str, ...]:
    return tuple(sorted({kind for branch in read for kind in branch.types}))


def _split(piece: Branch, others: list[Branch]) -> list[Branch]:
    """An object by the values, the type or the absence of one field that the reader's alternatives differ in.

    First by one whose values are listed: that is what people name.
    """
    given = _given(piece)
    names = [name for name in piece.properties if name not in given and _differ(name, others)]
    told = {name: branches(piece.properties[name]) for name in names}
    for name in sorted(names, key=lambda name: any(branch.values is None for branch in told[name])):
        parts = list(_parts(piece, name, told[name]))
        if 1 < len(parts) <= _ALTERNATIVES:
            return parts
    return []


def _given(piece: Branch) -> set[str]:
    """The fields that its case names."""
    return {word.partition(" is ")[0] for word in piece.where}


def _differ(name: str, others: list[Branch]) -> bool:
    told = {tuple(node.pointer for node in other.properties.get(name, ())) for other in others}
    return len(told) > 1


def _parts(piece: Branch, name: str, told: list[Branch]) -> Iterator[Branch]:
    def with_(schema: dict[str, Any], words: str, is_given: bool = True) -> Branch:
        properties = {**piece.properties, name: (*piece.properties[name], Node(schema, "", {}))}
        required = piece.required | {name} if is_given else piece.required
        where = _joined(piece.where, (f"{name} is {words}",))
        return replace(piece, properties=properties, required=required, where=where)

    if name not in piece.required:
        yield with_({"not": {}}, "absent", is_given=False)
    for branch in told:
        if branch.values is not None:
            for value in branch.values:
                yield with_({"const": value}, str(value))
        else:
            for kind in sorted(branch.types):
                yield with_({"type": "number" if kind == "fraction" else kind}, f"of type {kind}")


def _joined(some: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return (*some, *(word for word in more if word not in some))


def _distance(found: list[Gap], piece: Branch, pair: _Pair) -> tuple[int, int, int]:
    """How far an alternative of the reader is from what is sent: the farthest is one of another case, then one of
    another kind."""
    given = {_below(pair, name) for name in _given(piece)}
    another_case = sum(gap.path in given for gap in found)
    return another_case, sum(gap.kind in ("values", "not values", "type") for gap in found), len(found)


def _told_once(found: list[Gap]) -> list[Gap]:
    seen: dict[Any, Gap] = {}
    for gap in found:
        told = (
            gap.kind,
            gap.path,
            gap.keyword,
            canonical(gap.sends) if gap.kind == "values" else str(gap.sends),
        )
        seen.setdefault((*told, str(gap.takes)), gap)
    return list(seen.values())
