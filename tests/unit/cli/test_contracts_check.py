"""`walk contracts check`: what breaks for whom, in words and for programs."""

import json
from pathlib import Path

import pytest

from service.cli import contracts
from tests.support.mutations import MUTATIONS
from tests.support.terminal import Terminal

ROOT = Path(__file__).parents[3]
MUTATED = {mutation.name: mutation for mutation in MUTATIONS}


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def older(folder: Path, name: str) -> Path:
    """A folder of schemas of which the present ones are the named change."""
    released = {
        path.name: json.loads(path.read_text()) for path in (ROOT / "contracts/schemas").glob("*.json")
    }
    folder.mkdir()
    for file, schema in MUTATED[name].on(released).items():
        (folder / file).write_text(json.dumps(schema))
    return folder


def test_what_stands_breaks_nothing_that_was_released(terminal: Terminal) -> None:
    said = terminal.walk("contracts", "check")
    assert (said.code, said.err) == (0, "")
    assert "are those of the code, and break nothing for 1.0.0" in said.out


def test_what_breaks_is_told_with_whom_and_where(terminal: Terminal, tmp_path: Path) -> None:
    folder = older(tmp_path / "0.9", "command: a required field made optional")  # now required again
    said = terminal.walk("contracts", "check", "--against", str(folder))
    assert said.code == 1
    [line] = said.out.splitlines()
    assert line.startswith("breaks")
    assert "upstream" in line
    assert "answer" in line
    assert "(l1.walk.step.v1#/" in line
    assert "1 change would break what others have built" in said.err


def test_two_folders_are_compared_with_each_other(terminal: Terminal, tmp_path: Path) -> None:
    name = "command: a required field made optional"
    other, present = older(tmp_path / "other", name), str(ROOT / "contracts/schemas")
    narrower = terminal.walk("contracts", "check", present, "--against", str(other))
    wider = terminal.walk("contracts", "check", str(other), "--against", present)
    assert (narrower.code, wider.code) == (1, 0)
    assert f"{other} breaks nothing for schemas" in wider.out.replace("\n", "")


def test_what_is_harmless_is_told_when_asked(terminal: Terminal, tmp_path: Path) -> None:
    folder = older(tmp_path / "0.9", "command: longest text lowered")  # now longer
    quiet = terminal.walk("contracts", "check", "--against", str(folder))
    told = terminal.walk("contracts", "check", "--against", str(folder), "--verbose")
    assert (quiet.code, told.code) == (0, 0)
    assert "note" not in quiet.out
    assert told.out.startswith("note")


def test_for_programs_a_finding_a_line(terminal: Terminal, tmp_path: Path) -> None:
    folder = older(tmp_path / "0.9", "event: an enum value removed")  # now added
    said = terminal.walk("contracts", "check", "--against", str(folder), "--json")
    findings = [json.loads(line) for line in said.out.splitlines()]
    assert said.code == 1
    assert {finding["version"] for finding in findings} == {"0.9"}
    [breaks] = [finding for finding in findings if finding["verdict"] == "breaks"]
    assert breaks["message"] == "l1.walk.resolved.v1"
    assert set(breaks) == {"verdict", "message", "pointer", "text", "version"}


@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_what_cannot_be_read_is_said(terminal: Terminal, tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "a.json").write_text(content)
    said = terminal.walk("contracts", "check", "--against", str(tmp_path))
    assert said.code == 2
    assert str(tmp_path) in said.err
    assert content is None or "a.json is no JSON" in said.err


def test_elsewhere_than_in_the_project_only_the_folder_is_compared(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert terminal.walk("contracts", "export", "schemas").code == 0
    said = terminal.walk("contracts", "check", "schemas")
    assert said.code == 0
    assert contracts.RELEASED.name not in said.out
