"""Fixtures: `site`, with topics and a database of one test; `children`, for processes that end with the test."""

from collections.abc import AsyncIterator, Iterator

import pytest

from service.dev.children import Children
from tests.support.site import Site, open_site, site_settings


@pytest.fixture
def children() -> Iterator[Children]:
    with Children() as children:
        yield children


@pytest.fixture
async def site(database_url: str, bootstrap_servers: str, topic_prefix: str) -> AsyncIterator[Site]:
    settings = site_settings(database_url, bootstrap_servers, topic_prefix, topic_partitions=6, batch_max=25)
    async with open_site(settings) as site:
        yield site
