"""The gate: what breaks is told, what is harmless passes, what nobody can decide fails (mutations.py is the table)."""

import json
import tomllib
from pathlib import Path

import pytest

from l1_walk_contracts.compatibility import Verdict, compare, is_same, read
from l1_walk_contracts.compatibility.__main__ import main
from l1_walk_contracts.schemas import schemas
from tests.support.mutations import BREAKS, MUTATIONS, NOTE, SAME, UNDECIDED, Mutation
from tests.unit.contracts.conftest import SCHEMAS

RELEASED = SCHEMAS.parent / "released"


def version_of(folder: Path) -> tuple[int, ...]:
    return tuple(map(int, folder.name.split(".")))


VERSIONS = sorted((folder for folder in RELEASED.iterdir() if folder.is_dir()), key=version_of)
OLD = read(RELEASED / "1.0.0")


@pytest.mark.parametrize("version", VERSIONS, ids=lambda folder: folder.name)
def test_this_version_breaks_nothing_that_was_released(version: Path) -> None:
    assert [finding for finding in compare(read(version), schemas(), version.name) if finding.fails] == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_each_change_has_its_verdict(mutation: Mutation) -> None:
    found = compare(OLD, mutation.on(OLD), "1.0.0")
    verdicts = {finding.verdict for finding in found}
    told = "\n".join(f"{finding.verdict} {finding.pointer} {finding.text}" for finding in found)
    if mutation.verdict == BREAKS:
        assert Verdict.BREAKS in verdicts, told
    elif mutation.verdict == UNDECIDED:
        assert Verdict.UNDECIDED in verdicts, told
    else:
        assert not any(finding.fails for finding in found), told
        assert mutation.verdict in (NOTE, SAME)
        assert mutation.verdict != SAME or {f.text.split(" has another ")[-1] for f in found} <= {"title"}, (
            told
        )


def test_what_differs_from_the_newest_release_has_a_higher_version() -> None:
    """Released schemas stand as they were: a change is a new version, and a new folder when that is released."""
    newest = VERSIONS[-1]
    with (SCHEMAS.parent / "pyproject.toml").open("rb") as file:
        version = tuple(map(int, tomllib.load(file)["project"]["version"].split(".")))
    assert version >= version_of(newest)
    assert is_same(read(newest), schemas()) or version > version_of(newest)


def test_the_table_has_what_was_asked_for() -> None:
    assert len(MUTATIONS) >= 40
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)


def test_upstream_compares_two_folders_in_its_own_build(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    released = RELEASED / "1.0.0"
    assert main([str(released), str(SCHEMAS)]) == 0
    [mutation] = [one for one in MUTATIONS if one.name == "command: a required field added"]
    for name, schema in mutation.on(OLD).items():
        (tmp_path / name).write_text(json.dumps(schema))
    assert main([str(released), str(tmp_path)]) == 1
    assert "l1.walk.step.v1.json#" in capsys.readouterr().out
    assert main([str(released)]) == 2
    assert main([str(released), str(tmp_path / "nowhere")]) == 2


def told(name: str) -> list[str]:
    """What fails of a row of the table."""
    [mutation] = [one for one in MUTATIONS if one.name == name]
    return [finding.text for finding in compare(OLD, mutation.on(OLD), "1.0.0") if finding.fails]


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_schema_that_cannot_be_read_is_named_and_is_no_break(
    tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "l1.walk.step.v1.json").write_text(content)
    assert main([str(RELEASED / "1.0.0"), str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("a schema cannot be read: l1.walk.step.v1.json is no JSON")


def test_a_rule_is_told_by_the_case_that_it_bears_on() -> None:
    (text,) = told("command: a rule added")
    assert text == (
        "where session_kind is adhoc and flow_id is absent and flow_proposal_id is absent, upstream that sends"
        " data.start_node_id as a text: is refused, now that it is null"
    )


def test_what_nobody_can_decide_is_told_once() -> None:
    assert told("command: an unknown keyword") == [
        'data.answer cannot be compared: its contentEncoding is "base64", it was not said'
    ]
