"""Fixtures: `site`, with topics and a database of one test; workers on it come round to the upkeep all the time.
`connection`, to its database as the upkeep opens it, for what a test does in its place."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from service.ops.upkeep import known_types, retention, sweeper
from service.store.database import Connection, Database
from tests.support.site import Site, open_site, site_settings


@pytest.fixture
async def site(
    database_url: str, bootstrap_servers: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Site]:
    for module in (known_types, retention, sweeper):
        monkeypatch.setattr(module, "PASS_SECONDS", 0.0)
    settings = site_settings(
        database_url, bootstrap_servers, topic_prefix, upkeep_interval=timedelta(milliseconds=100)
    )
    async with open_site(settings) as site:
        yield site


@pytest.fixture
async def connection(site: Site) -> AsyncIterator[Connection]:
    database = Database(site.settings.require_database())
    async with database.beside(idle_seconds=60) as connection:
        yield connection
