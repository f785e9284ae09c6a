"""What the documents lead to is there, and so are the commands that they show."""

import re
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_group

from service.cli.app import app

ROOT = Path(__file__).parents[3]
DOCUMENTS = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "contracts/README.md",
    "migrations/README.md",
    "docs/dead-letters.md",
    "docs/connectors.md",
    "docs/contract.md",
    "docs/guarantees.md",
    "docs/operations.md",
    "docs/restore.md",
    "docs/upstream.md",
    "docs/verify.md",
]
FOR_NOW = ["README.md", "CONTRIBUTING.md", "contracts/README.md", "migrations/README.md"]
"""Those that tell of no later version's commands."""
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCED = re.compile(r"```.*?```", re.DOTALL)
CODE = re.compile(r"```sh\n(.*?)```|`([^`\n]+)`", re.DOTALL)
COMMAND = re.compile(r"^\s*(?:\.venv/bin/)?walk ([a-z-]+)(?: ([a-z-]+))?", re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_to_what_is_there(document: str) -> None:
    path = ROOT / document
    prose = FENCED.sub("", path.read_text())
    targets = {target.partition("#")[0] for target in LINK.findall(prose) if "://" not in target}
    assert [target for target in targets if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("document", FOR_NOW)
def test_commands_that_are_shown_can_be_typed(document: str) -> None:
    code = "\n".join(block or span for block, span in CODE.findall((ROOT / document).read_text()))
    there = get_group(app).commands
    for name, more in COMMAND.findall(code):
        assert name in there
        command = there[name]
        assert not isinstance(command, TyperGroup) or more in command.commands, f"walk {name} {more}"
