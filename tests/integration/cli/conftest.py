"""Fixtures: `site`, a migrated database and topics of this test alone, and `shell`, where `walk` is typed for it."""

from collections.abc import AsyncIterator

import pytest

from service.settings import Settings
from tests.support.shell import Shell
from tests.support.site import Site, environment, open_site, site_settings
from tests.support.terminal import Terminal


@pytest.fixture
def settings(database_url: str, bootstrap_servers: str, topic_prefix: str) -> Settings:
    return site_settings(database_url, bootstrap_servers, topic_prefix)


@pytest.fixture
async def site(settings: Settings) -> AsyncIterator[Site]:
    async with open_site(settings) as site:
        yield site


@pytest.fixture
def terminal(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    """Runs `walk` in this process, which is quicker; for tests that are not async."""
    terminal = Terminal(capsys, monkeypatch)
    terminal.give(environment(settings))
    return terminal


@pytest.fixture
def shell(settings: Settings) -> Shell:
    return Shell(settings)
