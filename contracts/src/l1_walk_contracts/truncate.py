"""What is cut where an event would be too large (design 7)."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

from pydantic_core import to_json

from .events import ReceivedCommand
from .limits import EVENT_BYTES

MARK: Final = "\n[...]\n"
"""Stands in a text where its middle was cut."""


def fit(envelope: dict[str, Any]) -> None:
    """Cut the `data` of an event whose JSON is over 64 KiB until it is not.

    Of a terminal event the middle of `walked_path` is cut first, then of `walk_notes`, then of `summary`,
    then of `customer_summary`; `truncated` lists which. Of a rejection the middle of the command's value is
    cut, then its headers. What must never be cut (`resolution_notes`, `reason`) may leave it larger.
    """
    data = envelope["data"] = dict(envelope["data"])
    if isinstance(data.get("command"), ReceivedCommand):
        _fit_rejection(envelope, data)
        return
    for name, cut in _CUTS.items():
        if whole := data.get(name):
            data["truncated"] = [*data.get("truncated", ()), name]
            data[name] = whole[:0]
            room = EVENT_BYTES - len(to_json(envelope)) + 2  # the brackets or quotes stand already
            data[name] = cut(whole, room)
            if room >= 2:
                break


def _fit_rejection(envelope: dict[str, Any], data: dict[str, Any]) -> None:
    command: ReceivedCommand = replace(data["command"], truncated=True)
    data["command"] = command
    if command.value is not None:
        envelope["data"] = data | {"command": replace(command, value="")}
        value = _without_middle(command.value, EVENT_BYTES - len(to_json(envelope)) + 2)
        envelope["data"] = data
        data["command"] = command = replace(command, value=value)
    if len(to_json(envelope)) > EVENT_BYTES:
        data["command"] = replace(command, headers=())


def _without_middle_entries(entries: list[Any], room: int) -> list[Any]:
    """What is left in so many bytes of JSON: as many of the last and the first entries, in turn, as go in."""
    first, last = 0, len(entries)
    room -= 2
    for at in _from_the_ends(len(entries)):
        room -= len(to_json(entries[at])) + 1
        if room < -1:  # the last entry has no comma
            break
        first, last = (at + 1, last) if at == first else (first, at)
    return entries[:first] + entries[last:]


def _from_the_ends(count: int) -> Iterator[int]:
    """The places of a list: the last, the first, the last but one, and so on to the middle."""
    for step in range(count):
        yield count - 1 - step // 2 if step % 2 == 0 else step // 2


def _without_middle(text: str, room: int) -> str:
    """What is left in so many bytes of JSON: as much as may be."""
    least, most = 0, min(len(text), room)
    while least < most:
        chars = (least + most + 1) // 2
        if len(to_json(_kept(text, chars))) <= room:
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
