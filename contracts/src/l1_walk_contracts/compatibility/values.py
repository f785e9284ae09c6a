"""Whether a single value keeps a schema: True, False, or None where that cannot be decided."""

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from .branches import Branch, branches, type_of
from .nodes import Nodes, canonical

Answer = bool | None


def takes(nodes: Nodes, value: Any) -> Answer:
    """Whether the value keeps all these schemas."""
    return _any(fits(branch, value) for branch in branches(nodes))


def fits(branch: Branch, value: Any) -> Answer:
    """Whether the value is of this alternative."""
    kind = type_of(value)
    if kind not in branch.types or any(canonical(value) == canonical(other) for other in branch.excluded):
        return False
    if branch.values is not None and canonical(value) not in map(canonical, branch.values):
        return False
    own: Answer = True
    if kind in ("integer", "fraction"):
        own = _number_fits(branch, Fraction(str(value)))
    elif kind == "string":
        own = _text_fits(branch, value)
    elif kind == "array":
        own = _list_fits(branch, value)
    elif kind == "object":
        own = _object_fits(branch, value)
    return None if own and branch.unknown else own


def _number_fits(branch: Branch, value: Fraction) -> bool:
    if branch.low is not None and (value < branch.low or (branch.low_open and value == branch.low)):
        return False
    if branch.high is not None and (value > branch.high or (branch.high_open and value == branch.high)):
        return False
    return all(value % multiple == 0 for multiple in branch.multiples)


def _text_fits(branch: Branch, value: str) -> Answer:
    return _all((_in_size(branch, "Length", len(value)), *(_matches(p, value) for p in branch.patterns)))


def _list_fits(branch: Branch, value: list[Any]) -> Answer:
    is_unique = not branch.unique or len({canonical(entry) for entry in value}) == len(value)
    entries = (takes(branch.at(place), entry) for place, entry in enumerate(value))
    return _all((_in_size(branch, "Items", len(value)), is_unique, *entries))


def _object_fits(branch: Branch, value: Mapping[str, Any]) -> Answer:
    fields = (takes(branch.of(name), part) for name, part in value.items())
    return _all((_in_size(branch, "Properties", len(value)), branch.required <= value.keys(), *fields))


def _in_size(branch: Branch, what: str, size: int) -> bool:
    return branch.sizes.get(f"min{what}", 0) <= size <= branch.sizes.get(f"max{what}", size)


def _matches(pattern: str, value: str) -> Answer:
    try:
        return re.search(pattern, value) is not None
    except re.error:
        return None


def _all(answers: Iterable[Answer]) -> Answer:
    known = set(answers)
    return False if False in known else None if None in known else True


def _any(answers: Iterable[Answer]) -> Answer:
    known = set(answers)
    return True if True in known else None if None in known else False
