"""A version's schemas, as they stand in a folder."""

import json
from pathlib import Path
from typing import Any


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """The schemas by their file's name; none where there is no such folder.

    Raises:
        OSError, ValueError: one cannot be read, or is no JSON.
    """
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")}
