"""The schemas as committed."""

import json
from pathlib import Path
from typing import Any

import pytest

SCHEMAS = Path(__file__).parents[3] / "contracts" / "schemas"


@pytest.fixture(scope="session")
def schema_of() -> dict[str, Any]:
    """Each committed schema by its file's name."""
    return {path.name: json.loads(path.read_text()) for path in SCHEMAS.glob("*.json")}
