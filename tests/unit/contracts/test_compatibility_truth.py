"""The gate against ground truth: what passes it, a validator that knows nothing of it takes.

Pairs of small schemas at random, the same in every run, and values at the edges of both. That these would show a fault
of the gate is seen by planting some.
"""

import importlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from jsonschema import Draft202012Validator

from l1_walk_contracts import compatibility
from l1_walk_contracts.compatibility.inclusion import gaps
from l1_walk_contracts.compatibility.nodes import document
from tests.support.mutations import BREAKS, MUTATIONS, NOTE, SAME, Mutation
from tests.support.schema_pairs import pair
from tests.support.schema_values import Edges
from tests.unit.contracts.test_compatibility import OLD

PAIRS = 1500
VALUES = 25


class Case(NamedTuple):
    """A sender and a reader."""

    sender: Any
    reader: Any
    edges: Edges

    def refused(self, values: Iterator[Any]) -> Iterator[Any]:
        """Those of the values that the sender's schema allows and the reader's does not."""
        sends, takes = Draft202012Validator(self.sender), Draft202012Validator(self.reader)
        return (value for value in values if sends.is_valid(value) and not takes.is_valid(value))

    def witness(self) -> Any:
        """One that is refused, in a list; nothing where none was found."""
        return next(([value] for value in self.refused(self.edges.value() for _ in range(VALUES))), None)


def cases(count: int = PAIRS) -> Iterator[Case]:
    for seed in range(count):
        random = Random(seed)
        sender, reader = pair(random)
        yield Case(sender, reader, Edges(random, sender, reader))


def test_what_passes_refuses_nothing_that_may_be_sent() -> None:
    breaking = seen = 0
    for case in cases():
        found = gaps(document(case.sender), document(case.reader))
        witness = case.witness()
        if not found:
            assert witness is None, case
        elif all(gap.kind != "undecided" for gap in found):
            breaking += 1
            seen += witness is not None
    assert breaking > PAIRS / 3
    assert seen > breaking * 0.6, "of what the gate refuses, most must be seen to break: it would cry wolf"


def test_a_schema_has_no_gap_to_itself() -> None:
    for case in cases():
        itself = document(case.sender)
        assert [gap for gap in gaps(itself, document(case.sender)) if gap.kind != "undecided"] == [], case


FAULTS = [
    ("inclusion", "if least is not None and (low is None or", "if least is not None and low and ("),
    ("inclusion", "if is_open and nearest == bound", "if False"),
    ("inclusion", "if not any(own % multiple == 0", "if not any(multiple % own == 0"),
    ("inclusion", "(sent is None or sent > most)", "sent is not None and sent > most"),
    ("inclusion", 'if piece.sizes.get(f"min{what}", 0) < least', "if least > 9"),
    ("inclusion", "sorted(other.patterns - piece.patterns)", "sorted(set())"),
    (
        "inclusion",
        "if other.unique and not piece.unique",
        "if other.unique and piece.prefix and not piece.unique",
    ),
    ("inclusion", "for place in range(rest + 1)", "for place in range(rest)"),
    (
        "inclusion",
        "sorted(other.required - piece.required)",
        "sorted(other.required - set(piece.properties))",
    ),
    ("inclusion", "yield from self.between(sent, other.of(name)", "yield from self.between(sent, sent"),
    (
        "inclusion",
        "if other.values is not None and not",
        "if other.values is not None and kind == 'string' and not",
    ),
    (
        "inclusion",
        "if excluded := [value for value in other.excluded",
        "if excluded := [value for value in ()",
    ),
    ("inclusion", "if not answer & {True, None}", "if not answer"),
    ("inclusion", "if not others:", "others = others or [Branch()]\n        if not others:"),
    ("inclusion", "if [] in found", "if len(others) > 1 or [] in found"),
    ("branches", "required=a.required | b.required", "required=a.required"),
    ("branches", "excluded=(*a.excluded, *b.excluded)", "excluded=a.excluded"),
    ("branches", "patterns=a.patterns | b.patterns", "patterns=a.patterns & b.patterns"),
    ("branches", 'if "else" in node.schema:', 'if "other" in node.schema:'),
    ("branches", 'if "then" in node.schema:', 'if "also" in node.schema:'),
    ("branches", "return [*so, *not_so]", "return so"),
    ("branches", 'for part in node.children("allOf"):', 'for part in node.children("some"):'),
    ("branches", "return a[0], a[1] or b[1]", "return a[0], a[1] and b[1]"),
]
"""A module of the gate, a part of it that stands there once, and what is planted in its place."""


@pytest.mark.parametrize(("module", "part", "fault"), FAULTS)
def test_a_fault_that_is_planted_is_found(
    module: str, part: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty_gaps, faulty_document = planted(module, part, fault, tmp_path, monkeypatch)
    for case in cases(4 * PAIRS):
        if not faulty_gaps(faulty_document(case.sender), faulty_document(case.reader)) and case.witness():
            return
    pytest.fail("nothing here would have shown it")


def planted(
    module: str, part: str, fault: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The gate's own functions, of a copy with the fault in it."""
    (package,) = compatibility.__path__
    copy = Path(shutil.copytree(package, folder / f"faulty_{folder.name}"))
    source = (copy / f"{module}.py").read_text()
    assert source.count(part) == 1
    (copy / f"{module}.py").write_text(source.replace(part, fault))
    monkeypatch.syspath_prepend(folder)
    inclusion = importlib.import_module(f"{copy.name}.inclusion")
    nodes = importlib.import_module(f"{copy.name}.nodes")
    return inclusion.gaps, nodes.document


def changed_files(mutation: Mutation) -> Iterator[Case]:
    """What a row of the table makes of our own schemas."""
    new = mutation.on(OLD)
    for name in sorted(OLD.keys() & new.keys()):
        if OLD[name] != new[name]:
            is_command = OLD[name]["x-direction"] == "command"
            sender, reader = (OLD[name], new[name]) if is_command else (new[name], OLD[name])
            yield Case(sender, reader, Edges(Random(name), sender, reader))


def near_examples(case: Case, count: int) -> Iterator[Any]:
    examples = case.sender.get("examples") or []
    return (case.edges.near(example) for _ in range(count) for example in examples)


@pytest.mark.parametrize(
    "mutation", [one for one in MUTATIONS if one.verdict in (NOTE, SAME)], ids=lambda one: one.name
)
def test_no_harmless_row_refuses_anything(mutation: Mutation) -> None:
    for case in changed_files(mutation):
        assert next(case.refused(near_examples(case, 60)), None) is None


def test_most_breaking_rows_are_seen_to_refuse_something() -> None:
    """Else the test above would see nothing; units and meanings break without a value that is refused."""
    rows = [mutation for mutation in MUTATIONS if mutation.verdict == BREAKS]
    seen = [
        mutation.name
        for mutation in rows
        if any(next(case.refused(near_examples(case, 400)), None) for case in changed_files(mutation))
    ]
    assert len(seen) > len(rows) / 2
