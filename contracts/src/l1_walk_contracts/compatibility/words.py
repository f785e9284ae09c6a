"""Whom a difference concerns, and how, in one sentence."""

from typing import Any, Final

from .findings import Direction
from .inclusion import Gap
from .meaning import Change
from .nodes import canonical

_SIZES: Final = {"Length": "characters", "Items": "entries", "Properties": "fields"}
_TYPES: Final = {
    "null": "null",
    "boolean": "true or false",
    "string": "a text",
    "array": "a list",
    "object": "an object",
    "integer": "a whole number",
    "fraction": "a number with a fraction",
    "anything": "anything",
}
_MEANING: Final = {"format": "format", "default": "default", "x-unit": "unit", "const": "fixed value"}


def breaking_gap(gap: Gap, direction: Direction, version: str) -> str:
    """Of what an older sender writes and the new reader refuses, or a new sender writes and an older reader."""
    return f"{_when(gap)}{_command(gap) if direction is Direction.COMMAND else _event(gap, version)}"


def harmless_gap(gap: Gap, direction: Direction) -> str:
    """Of what only the newer side of a command takes, or only the older version of an event could hold."""
    name = gap.path or "the message"
    if direction is Direction.COMMAND:
        return f"{_when(gap)}{name} may {_more(gap)}"
    if gap.kind == "required":
        return f"{_when(gap)}{name} is always there now"
    return f"{_when(gap)}{name} {_less(gap)}"


def undecided_gap(gap: Gap) -> str:
    """Of what nobody but a person can decide."""
    return f"{_when(gap)}{gap.path or 'the message'} cannot be compared: {gap.sends}"


def change(found: Change, direction: Direction, version: str) -> str:
    """Of a difference in meaning."""
    name, what = found.path or "the message", _MEANING.get(found.keyword, found.keyword)
    change_ = f"its {what} is {found.now or 'gone'}, it was {found.was or 'not said'}"
    upstream = direction is Direction.COMMAND
    match found.kind:
        case "gone":
            who = f"upstream that sends {name}: is not heard" if upstream else ""
            return f"{who or f'connectors of {version} that read {name}: never get it'}, the field is gone"
        case "added":
            return f"{name} is a new field"
        case "prose":
            return f"{name} has another {what}"
        case "undecided":
            return f"{name} cannot be compared: {change_}"
        case "meaning":
            who = f"upstream that sends {name}" if upstream else f"connectors of {version} that read {name}"
            return (
                f"{who}: {'is understood otherwise' if upstream else 'take it for something else'}, {change_}"
            )


def _when(gap: Gap) -> str:
    return f"where {' and '.join(gap.where)}, " if gap.where else ""


def _command(gap: Gap) -> str:
    name = gap.path or "the message"
    if gap.kind == "required":
        return f"upstream that sends no {name}: is refused"
    if gap.kind == "closed":
        what = name if gap.takes is None and gap.sends is not None else f"fields of its own beside {name}"
        return f"upstream that sends {what}: is refused, no other fields are allowed"
    return f"upstream that sends {name} {_sent(gap)}: is refused, now that it {_taken(gap)}"


def _event(gap: Gap, version: str) -> str:
    name, who = gap.path or "the message", f"connectors of {version} that"
    if gap.kind == "required":
        return f"{who} need {name}: may not find it"
    if gap.kind == "closed":
        return f"{who} know no other fields in {name}: refuse what is new there"
    return f"{who} count on {name}, which {_taken(gap)}: get it {_sent(gap)}"


def _sent(gap: Gap) -> str:
    match gap.kind:
        case "type":
            return f"as {_TYPES.get(str(gap.sends), gap.sends)}"
        case "values":
            return f"as {_list(gap.sends)}" if gap.sends else "with another value"
        case "not values":
            return f"as {_list(gap.sends)}"
        case "size":
            unit, is_least = _unit(gap), gap.keyword.startswith("min")
            if is_least:
                return f"with less than {gap.takes:,} {unit}"
            return f"with {'any number of' if gap.sends is None else f'up to {gap.sends:,}'} {unit}"
        case "bound":
            side = "below" if gap.keyword == "minimum" else "above"
            return f"{side} {_number(gap.takes)}"
        case "pattern":
            return "with other text"
        case "multiple":
            return "with other numbers"
        case _:
            return "with equal entries"


def _taken(gap: Gap) -> str:
    match gap.kind:
        case "type":
            kinds = " or ".join(_TYPES[kind] for kind in gap.takes) or "nothing"
            return f"is {kinds}"
        case "values":
            return f"is {_list(gap.takes)}" if gap.takes else "is another one"
        case "not values":
            return "is any other value"
        case "size":
            return f"has at {_end(gap)} {gap.takes:,} {_unit(gap)}"
        case "bound":
            return f"is at {'least' if gap.keyword == 'minimum' else 'most'} {_number(gap.takes)}"
        case "pattern":
            return f"matches {gap.takes}"
        case "multiple":
            return f"is a multiple of {_number(gap.takes)}"
        case _:
            return "has no entry twice"


def _more(gap: Gap) -> str:
    if gap.kind == "required":
        return "be left out now"
    if gap.kind == "closed":
        return "have other fields now"
    return f"come {_sent(gap)} now"


def _less(gap: Gap) -> str:
    if gap.kind == "closed":
        return "has no other fields now; connectors made from this version will refuse every later one"
    return f"comes no more {_sent(gap)}"


def _end(gap: Gap) -> str:
    return "least" if gap.keyword.startswith("min") else "most"


def _unit(gap: Gap) -> str:
    return _SIZES[gap.keyword[3:]]


def _number(value: Any) -> str:
    return f"{int(value):,}" if value == int(value) else str(float(value))


def _list(values: Any) -> str:
    return " or ".join(canonical(value) for value in values)
