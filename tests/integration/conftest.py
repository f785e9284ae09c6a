"""Fixture: `site`, with topics and a database of one test, and a worker at work on it.

A folder that wants it otherwise has its own.
"""

from collections.abc import AsyncIterator

import pytest

from tests.support.site import Site, open_site, site_settings
from tests.support.worker import working


@pytest.fixture
async def site(database_url: str, bootstrap_servers: str, topic_prefix: str) -> AsyncIterator[Site]:
    settings = site_settings(database_url, bootstrap_servers, topic_prefix)
    async with open_site(settings) as site, working(settings):
        yield site
