"""The comparison of a new version's schemas with those of an older one."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from . import words
from .findings import Direction, Finding, Verdict
from .inclusion import Gap, gaps
from .meaning import Change, changes
from .nodes import Node, Nodes, canonical, document

Schema = Mapping[str, Any]

_ROOT: Final = {"x-kafka-topic": "topic", "x-kafka-key": "key", "$schema": "dialect"}


def compare(old: Mapping[str, Schema], new: Mapping[str, Schema], version: str) -> list[Finding]:
    """All that differs between the schemas of an older version and the new ones, by their file's name.

    Commands must stay backward compatible: what an older upstream sends is taken and means the same. Events must
    stay forward compatible: what is sent now is read by who was made for an older version.

    Args:
        old: the older version's schemas.
        new: those that are to be released.
        version: the older version's name.

    Returns:
        What fails first, then notes; by message and place.
    """
    found = [
        finding for name in sorted(old.keys() | new.keys()) for finding in _file(name, old, new, version)
    ]
    return sorted(set(found), key=_order)


def _file(name: str, old: Mapping[str, Schema], new: Mapping[str, Schema], version: str) -> Iterator[Finding]:
    message = name.removesuffix(".json")

    def finding(verdict: Verdict, pointer: str, text: str) -> Finding:
        return Finding(verdict, message, pointer, text, version)

    if name not in old:
        yield finding(Verdict.NOTE, "", f"{message} is new")
        return
    try:
        direction = Direction(str(old[name].get("x-direction")))
    except ValueError:
        yield finding(
            Verdict.UNDECIDED, "/x-direction", "it does not say who writes it, upstream or the worker"
        )
        return
    is_command = direction is Direction.COMMAND
    who = "upstream that sends" if is_command else f"connectors of {version} that read"
    if name not in new:
        end = "is not understood" if is_command else "never get it"
        yield finding(Verdict.BREAKS, "", f"{who} {message}: {end}, it is gone")
        return
    if new[name].get("x-direction") != direction:
        yield finding(Verdict.BREAKS, "/x-direction", f"{who} {message}: it is no {direction} any more")
        return
    yield from _head(old[name], new[name], message, version, who)
    yield from _body(document(old[name]), document(new[name]), direction, message, version)


def _head(old: Schema, new: Schema, message: str, version: str, who: str) -> Iterator[Finding]:
    for keyword, what in _ROOT.items():
        if old.get(keyword) != new.get(keyword):
            was, now = old.get(keyword), new.get(keyword)
            text = f"{who} {message}: its {what} is {now}, it was {was}"
            yield Finding(Verdict.BREAKS, message, f"/{keyword}", text, version)


def _body(old: Nodes, new: Nodes, direction: Direction, message: str, version: str) -> Iterator[Finding]:
    is_command = direction is Direction.COMMAND
    found = [change for change in changes(old, new) if change.path or change.keyword not in _ROOT]
    gone = {change.path for change in found if change.kind == "gone"}
    undecided: set[str] = set()
    for change in found:
        verdict = _VERDICTS[change.kind]
        pointer = _pointer(change.old if change.kind == "gone" else change.new, change.keyword, is_field=True)
        if verdict is Verdict.UNDECIDED:
            undecided.add(pointer)
        yield Finding(verdict, message, pointer, words.change(change, direction, version), version)
    for gap in gaps(old, new) if is_command else gaps(new, old):
        if gap.path in gone and gap.kind == "required":
            continue
        pointer = _pointer(gap.reader if is_command else gap.sender, gap.keyword)
        if gap.kind == "undecided":
            if pointer not in undecided:
                yield Finding(Verdict.UNDECIDED, message, pointer, words.undecided_gap(gap), version)
        else:
            text = words.breaking_gap(gap, direction, version)
            yield Finding(Verdict.BREAKS, message, pointer, text, version)
    for gap in gaps(new, old) if is_command else gaps(old, new):
        if gap.kind != "undecided" and not any(_is_within(gap, change) for change in found):
            pointer = _pointer(gap.sender if is_command else gap.reader, gap.keyword)
            yield Finding(Verdict.NOTE, message, pointer, words.harmless_gap(gap, direction), version)


_VERDICTS: Final = {
    "meaning": Verdict.BREAKS,
    "gone": Verdict.BREAKS,
    "undecided": Verdict.UNDECIDED,
    "added": Verdict.NOTE,
    "prose": Verdict.NOTE,
}


def _is_within(gap: Gap, change: Change) -> bool:
    return change.kind in ("gone", "added") and gap.path == change.path


def _pointer(nodes: Nodes, keyword: str, *, is_field: bool = False) -> str:
    """Where a keyword stands that bears on a value; where it stands nowhere, the value's own place."""
    if is_field and keyword == "properties":
        return nodes[0].pointer if nodes else ""
    for node in nodes:
        for place in _in_place(node, set()):
            if keyword in place.schema:
                return f"{place.pointer}/{keyword}"
    return nodes[0].pointer if nodes else ""


def _in_place(node: Node, seen: set[str]) -> Iterator[Node]:
    if node.pointer in seen:
        return
    seen.add(node.pointer)
    yield node
    if "$ref" in node.schema and (target := node.target()) is not None:
        yield from _in_place(target, seen)
    for keyword in ("anyOf", "allOf", "oneOf"):
        for part in node.children(keyword):
            yield from _in_place(part, seen)


def _order(finding: Finding) -> tuple[int, str, str, str]:
    return list(Verdict).index(finding.verdict), finding.message, finding.pointer, finding.text


def is_same(old: Mapping[str, Schema], new: Mapping[str, Schema]) -> bool:
    """Whether two versions' schemas are equal, in whatever order their keys are."""
    return canonical(old) == canonical(new)
