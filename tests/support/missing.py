"""What to do where something that a test needs cannot be had."""

import os
from typing import NoReturn

import pytest


def cannot_have(reason: str) -> NoReturn:
    """Skip the test and say why; with `CI=true` fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
