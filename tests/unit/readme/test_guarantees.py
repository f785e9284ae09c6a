"""What docs/guarantees.md names is there: files, tests and scenarios; and it names every scenario's figures."""

import re
from pathlib import Path

from tests.fault.catalogue import ALL
from tests.fault.results import BEGIN, END

ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "docs/guarantees.md"
LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
ROW = re.compile(r"^\| \*\*.*\|$", re.MULTILINE)
NAMED = re.compile(r"`([a-z0-9-]+)`")


def rows() -> list[list[str]]:
    found = [row.strip("| ").split(" | ") for row in ROW.findall(DOCUMENT.read_text())]
    assert len(found) > 10
    return found


def test_every_promise_names_files_and_tests_that_are_there() -> None:
    for promise, kept, tested in rows():
        assert LINK.search(kept) or "`walk" in kept, f"how is it kept? {promise}"
        for text, target in LINK.findall(kept + tested):
            assert (DOCUMENT.parent / target).exists(), f"{target} ({text}) of {promise}"


def test_every_promise_is_tested_by_a_test_or_a_scenario() -> None:
    scenarios = {scenario.name for scenario in ALL}
    for promise, _, tested in rows():
        named = NAMED.findall(tested)
        assert set(named) <= scenarios, f"{promise}: no scenario {set(named) - scenarios}"
        tests = [target for _, target in LINK.findall(tested) if "/test_" in target]
        assert named or tests or "every scenario" in tested, f"how is it tested? {promise}"


def test_figures_are_of_all_scenarios() -> None:
    figures = DOCUMENT.read_text().partition(BEGIN)[2].partition(END)[0]
    for scenario in ALL:
        assert f"| {scenario.name} " in figures, f"{scenario.name}: python -m tests.fault --write"
