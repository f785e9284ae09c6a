"""What is cut where an event would be too large (design 7)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from pydantic_core import to_json

from .events import ReceivedCommand
from .limits import EVENT_BYTES

MARK: Final = "\n[...]\n"
"""Stands in a text where its middle was cut."""


def fit(envelope: dict[str, Any]) -> bytes:
    """The JSON of an event that is over 64 KiB, with its `data` cut until it is not.

    Of a terminal event the middle of `walked_path` is cut first, then of `walk_notes`, then of `summary`,
    then of `customer_summary`; `truncated` lists which. Of a rejection the middle of the command's value is
    cut, then its headers. What must never be cut (`resolution_notes`, `reason`) may leave it larger.
    """
    data = envelope["data"] = dict(envelope["data"])
    if isinstance(data.get("command"), ReceivedCommand):
        return _fit_rejection(envelope, data)
    for name, cut in _CUTS.items():
        if data.get(name):
            data["truncated"] = [*data.get("truncated", ()), name]
            data[name] = cut(data[name], len(to_json(envelope)) - EVENT_BYTES)
            if len(to_json(envelope)) <= EVENT_BYTES:
                break
    return to_json(envelope)


def _fit_rejection(envelope: dict[str, Any], data: dict[str, Any]) -> bytes:
    command: ReceivedCommand = replace(data["command"], truncated=True)
    data["command"] = command
    if command.value is not None:
        value = _without_middle(command.value, len(to_json(envelope)) - EVENT_BYTES)
        data["command"] = command = replace(command, value=value)
    if len(to_json(envelope)) > EVENT_BYTES:
        data["command"] = replace(command, headers=())
    return to_json(envelope)


def _without_middle_entries(entries: list[Any], over: int) -> list[Any]:
    """What is left when at least so many bytes of JSON have gone from the middle outward."""
    sizes = [len(to_json(entry)) for entry in entries]
    start = end = len(entries) // 2
    while over > 0 and end - start < len(entries):
        if start >= len(entries) - end:
            start -= 1
            over -= sizes[start]
        else:
            over -= sizes[end]
            end += 1
    return entries[:start] + entries[end:]


def _without_middle(text: str, over: int) -> str:
    """What is left when at least so many bytes of JSON have gone from the middle: as much as may be."""
    wanted = len(to_json(text)) - over
    least, most = 0, len(text)
    while least < most:
        chars = (least + most + 1) // 2
        if len(to_json(_kept(text, chars))) <= wanted:
            least = chars
        else:
            most = chars - 1
    return _kept(text, least)


def _kept(text: str, chars: int) -> str:
    """The beginning and the end of a text, so many characters in all, and the mark between them."""
    if chars == 0:
        return ""
    return f"{text[: chars - chars // 2]}{MARK}{text[len(text) - chars // 2 :]}"


_CUTS: Final[dict[str, Callable[[Any, int], Any]]] = {
    "walked_path": _without_middle_entries,
    "walk_notes": _without_middle_entries,
    "summary": _without_middle,
    "customer_summary": _without_middle,
}
