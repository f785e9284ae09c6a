"""The README's two programs are short, and are programs."""

import ast
import re
from pathlib import Path

import pytest

import l1_walk_contracts

README = Path(__file__).parents[3] / "contracts" / "README.md"
PROGRAMS = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


def test_it_shows_publishing_and_consuming() -> None:
    publishing, consuming = PROGRAMS
    assert "Publisher" in publishing
    assert "Consumer" in consuming


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_in_under_twenty_lines_of_what_is_there(program: str) -> None:
    tree = ast.parse(program)
    assert len(program.splitlines()) < 20
    names = [
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "l1_walk_contracts"
        for alias in node.names
    ]
    assert names
    assert set(names) <= set(l1_walk_contracts.__all__)


def test_all_that_is_promised_is_there() -> None:
    assert all(hasattr(l1_walk_contracts, name) for name in l1_walk_contracts.__all__)
