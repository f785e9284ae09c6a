"""`python -m l1_walk_contracts.compatibility OLD NEW`: compares two folders of schemas."""

import sys
from pathlib import Path

from . import compare, read


def main(arguments: list[str]) -> int:
    """Prints a line for each finding that fails, or that there is none; the exit code."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m l1_walk_contracts.compatibility OLD NEW\n")
        return 2
    try:
        old, new = (read(Path(folder)) for folder in arguments)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"a schema cannot be read: {error}\n")
        return 2
    if not old or not new:
        sys.stderr.write(f"there are no schemas in {arguments[0 if not old else 1]}\n")
        return 2
    failing = [finding for finding in compare(old, new, Path(arguments[0]).name) if finding.fails]
    for finding in failing:
        sys.stdout.write(f"{finding.message}.json#{finding.pointer}: {finding.verdict}: {finding.text}\n")
    if not failing:
        sys.stdout.write(
            f"{len(new)} schemas: what was built on {arguments[0]} goes on with {arguments[1]}\n"
        )
    return 1 if failing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
