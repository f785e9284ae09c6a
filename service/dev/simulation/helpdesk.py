"""The made-up help desk: decision trees, free-form cases and people, read from `helpdesk.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Answer:
    """One of the answers to a node's question, and the name of the node or ending it leads to."""

    value: str
    label: str
    to: str


@dataclass(frozen=True)
class Node:
    """A question of a decision tree."""

    name: str
    question: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Ending:
    """Where a tree or a case ends: with a resolution, or with a reason and category to escalate for."""

    name: str
    resolution: str | None = None
    reason: str | None = None
    category: str | None = None


@dataclass(frozen=True)
class Tree:
    """A decision tree; a walk begins at `first`. `remarks` are what a technician notes on the way."""

    name: str
    title: str
    first: str
    nodes: Mapping[str, Node]
    endings: Mapping[str, Ending]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """A free-form investigation: no questions, remarks alone, and both ways in which it may end."""

    title: str
    remarks: tuple[str, ...]
    resolved: Ending
    escalated: Ending


@dataclass(frozen=True)
class HelpDesk:
    """All that the simulator knows of the trade."""

    accounts: tuple[str, ...]
    callers: tuple[str, ...]
    devices: tuple[str, ...]
    trees: tuple[Tree, ...]
    cases: tuple[Case, ...]


@cache
def help_desk() -> HelpDesk:
    """The help desk of `helpdesk.toml`."""
    text = files(__package__).joinpath("helpdesk.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    return HelpDesk(
        accounts=tuple(data["accounts"]),
        callers=tuple(data["callers"]),
        devices=tuple(data["devices"]),
        trees=tuple(_tree(tree) for tree in data["trees"]),
        cases=tuple(_case(case) for case in data["cases"]),
    )


def _tree(data: Mapping[str, Any]) -> Tree:
    nodes = {
        name: Node(name, node["question"], tuple(Answer(*answer) for answer in node["answers"]))
        for name, node in data["nodes"].items()
    }
    endings = {name: Ending(name, **ending) for name, ending in data["endings"].items()}
    return Tree(data["name"], data["title"], next(iter(nodes)), nodes, endings, tuple(data["remarks"]))


def _case(data: Mapping[str, Any]) -> Case:
    return Case(
        title=data["title"],
        remarks=tuple(data["remarks"]),
        resolved=Ending("resolved", resolution=data["resolution"]),
        escalated=Ending("escalated", reason=data["reason"], category=data["category"]),
    )
