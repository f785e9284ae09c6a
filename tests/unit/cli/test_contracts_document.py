"""`walk contracts` and the AsyncAPI document: the project's own stands beside its schemas, and its drift is told."""

from pathlib import Path

import pytest

from tests.support.terminal import Terminal


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_projects_document_is_written_with_its_schemas_and_its_drift_is_told(terminal: Terminal) -> None:
    document = Path("contracts/asyncapi.json")
    exported = terminal.walk("contracts", "export")
    assert (exported.code, str(document) in exported.out) == (0, True)
    assert terminal.walk("contracts", "check").code == 0

    document.write_text(document.read_text().replace('"send"', '"receive"'))
    differs = terminal.walk("contracts", "check")
    assert (differs.code, "asyncapi.json: differs" in differs.out) == (1, True)

    document.unlink()
    missing = terminal.walk("contracts", "check")
    assert (missing.code, "asyncapi.json: is missing" in missing.out) == (1, True)


def test_beside_another_folder_nothing_is_written_and_nothing_looked_at(terminal: Terminal) -> None:
    theirs = Path("asyncapi.json")
    theirs.write_text("somebody's")
    assert terminal.walk("contracts", "export", "schemas").code == 0
    assert terminal.walk("contracts", "check", "schemas").code == 0
    assert theirs.read_text() == "somebody's"


def test_the_document_goes_where_it_is_wanted(terminal: Terminal) -> None:
    exported = terminal.walk("contracts", "export", "schemas", "--asyncapi", "ours.json")
    assert (exported.code, exported.out.splitlines()[-1]) == (0, "ours.json")
    assert '"asyncapi": "3.0.0"' in Path("ours.json").read_text()
    refused = terminal.walk("contracts", "export", "schemas", "--asyncapi", "no/such/folder.json")
    assert refused.code == 2
    assert "no/such/folder.json cannot be written" in refused.error
