import pytest

from tests.support.terminal import Terminal


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """No terminal, no settings: what a script has."""
    return Terminal(capsys, monkeypatch)
