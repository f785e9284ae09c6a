"""`python -m l1_walk_contracts.compatibility OLD NEW`: compares two folders of schemas."""

import json
import sys
from pathlib import Path
from typing import Any

from . import compare


def main(arguments: list[str]) -> int:
    """Prints a line for each finding that fails; the exit code."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m l1_walk_contracts.compatibility OLD NEW\n")
        return 2
    old, new = (_read(Path(folder)) for folder in arguments)
    if not old or not new:
        sys.stderr.write(f"there are no schemas in {arguments[0 if not old else 1]}\n")
        return 2
    failing = [finding for finding in compare(old, new, Path(arguments[0]).name) if finding.fails]
    for finding in failing:
        sys.stdout.write(f"{finding.message}.json#{finding.pointer}: {finding.verdict}: {finding.text}\n")
    return 1 if failing else 0


def _read(folder: Path) -> dict[str, Any]:
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
