"""What is wrong with `data`, field by field, in words that never quote it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .records import FieldError

_OBJECT: Final = "must be a JSON object"
_MESSAGES: Final[Mapping[str, str]] = {
    "missing": "is required",
    "string_type": "must be a string",
    "string_too_short": "must not be empty",
    "string_unicode": "must not hold half of a surrogate pair",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be an integer",
    "int_parsing": "must be an integer",
    "int_from_float": "must be an integer",
    "tuple_type": "must be a list",
    "dataclass_type": _OBJECT,
    "model_type": _OBJECT,
}
_DETAILED: Final[Mapping[str, Callable[[ErrorDetails], str]]] = {
    "string_too_long": lambda e: f"must have at most {e['ctx']['max_length']:,} characters",
    "too_long": lambda e: f"must have at most {e['ctx']['max_length']:,} entries",
    "string_pattern_mismatch": lambda e: _unfit_text(e["input"]),
    "greater_than_equal": lambda e: f"must be at least {e['ctx']['ge']:,}",
    "less_than_equal": lambda e: f"must be at most {e['ctx']['le']:,}",
    "enum": lambda e: f"must be {e['ctx']['expected']}",
    "uuid": lambda e: e["msg"],
    "time": lambda e: e["msg"],
}


def field_errors(error: ValidationError, root: str) -> list[FieldError]:
    """Each error of a model as the dotted path of its field, from `root` on, and a message."""
    found: list[FieldError] = []
    for detail in error.errors(include_url=False):
        path = ".".join([root, *map(str, detail["loc"])])
        if detail["type"] == "target":
            found += [FieldError(f"{path}.{field}", message) for field, message in detail["ctx"]["fields"]]
        else:
            found.append(FieldError(path, _message(detail)))
    return found


def _message(detail: ErrorDetails) -> str:
    kind = detail["type"]
    if kind in _DETAILED:
        return _DETAILED[kind](detail)
    return _MESSAGES.get(kind, "breaks the contract")


def _unfit_text(text: Any) -> str:
    if "\0" in text:
        return "must hold neither U+0000 nor half of a surrogate pair"
    return "must not be blank"
