"""`walk contracts` and the AsyncAPI document: it stands beside the schemas, and its drift is told."""

from pathlib import Path

import pytest

from tests.support.terminal import Terminal


def test_the_document_stands_beside_the_schemas_and_its_drift_is_told(
    terminal: Terminal, tmp_path: Path
) -> None:
    folder, document = tmp_path / "schemas", tmp_path / "asyncapi.json"
    exported = terminal.walk("contracts", "export", str(folder))
    assert exported.code == 0
    assert str(document) in exported.out
    assert terminal.walk("contracts", "check", str(folder)).code == 0

    document.write_text(document.read_text().replace('"send"', '"receive"'))
    differs = terminal.walk("contracts", "check", str(folder))
    assert (differs.code, "asyncapi.json: differs" in differs.out) == (1, True)

    document.unlink()
    assert terminal.walk("contracts", "check", str(folder)).code == 0, "a copy of the schemas alone"


def test_the_repositorys_own_document_must_be_there(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert terminal.walk("contracts", "export").code == 0
    (tmp_path / "contracts/asyncapi.json").unlink()
    missing = terminal.walk("contracts", "check")
    assert (missing.code, "asyncapi.json: is missing" in missing.out) == (1, True)
