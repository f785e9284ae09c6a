"""A version's schemas, as they stand in a folder."""

import json
from pathlib import Path
from typing import Any


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """The schemas by their file's name; none where there is no such folder.

    Raises:
        OSError, ValueError: one cannot be read, or is no JSON object; the text names it.
    """
    return {path.name: _schema(path) for path in folder.glob("*.json")}


def _schema(path: Path) -> dict[str, Any]:
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path.name} is no JSON: {error}") from None
    if not isinstance(schema, dict):
        raise ValueError(f"{path.name} is no JSON object")
    return schema
