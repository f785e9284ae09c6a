"""docs/upstream.md shows the programs of examples/upstream as they are: `python -m tests.support.upstream_page`."""

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs/upstream.md"
_SHOWN: Final = re.compile(r"(<!-- file: (\S+) -->\n```\w+\n)(.*?)(^```$)", re.DOTALL | re.MULTILINE)


def page() -> str:
    """The page, with each file that it shows as the file now is."""
    return _SHOWN.sub(lambda shown: shown[1] + (ROOT / shown[2]).read_text() + shown[4], PAGE.read_text())


def files() -> list[str]:
    """What the page shows, in order."""
    return [shown[2] for shown in _SHOWN.finditer(PAGE.read_text())]


if __name__ == "__main__":
    PAGE.write_text(page())
