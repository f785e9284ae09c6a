"""Fixtures: `site`, of one test alone; `running`, shared by the tests of a module, with a worker at work on it."""

import secrets
from collections.abc import AsyncIterator, Iterator

import pytest

from service.dev.children import Children
from service.settings import Settings
from tests.support.databases import new_database
from tests.support.servers import KafkaBroker, PostgresServer
from tests.support.site import Site, open_site, site_settings
from tests.support.worker import WorkerProcess


@pytest.fixture
async def site(database_url: str, bootstrap_servers: str, topic_prefix: str) -> AsyncIterator[Site]:
    async with open_site(site_settings(database_url, bootstrap_servers, topic_prefix)) as site:
        yield site


@pytest.fixture(scope="module")
def running_settings(
    postgres: PostgresServer, migrated_template: str, kafka: KafkaBroker
) -> Iterator[Settings]:
    with new_database(postgres, migrated_template) as name:
        prefix = f"test.{secrets.token_hex(4)}"
        yield site_settings(postgres.url(name), kafka.bootstrap_servers, prefix)


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    with Children() as children:
        yield children


@pytest.fixture(scope="module")
def started() -> list[WorkerProcess]:
    """The worker of this module, once a test has started it."""
    return []


@pytest.fixture
async def running(
    running_settings: Settings, children: Children, started: list[WorkerProcess]
) -> AsyncIterator[Site]:
    async with open_site(running_settings) as site:
        if not started:
            started.append(WorkerProcess(children, running_settings))
            await started[0].ready()
        yield site
