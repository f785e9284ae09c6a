import os

import pytest

from tests.support.terminal import Terminal


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """No terminal, no settings: what a script has."""
    for name in [name for name in os.environ if name.startswith("WALK_")]:
        monkeypatch.delenv(name)
    return Terminal(capsys)
