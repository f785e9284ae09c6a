"""Fixtures that the tests of a file share, each with topics and a database of its own.

- `site`: a worker is at work on it.
- `strict`: a worker that takes no account that it was not told of.
- `silent`: no worker.
- `programs`: those of examples/upstream.
"""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio

from service.dev.children import Children
from tests.support.databases import new_database
from tests.support.servers import KafkaBroker, PostgresServer
from tests.support.site import Site, open_site, site_settings
from tests.support.upstream_programs import Programs
from tests.support.worker import working

PARTITIONS = 12
"""As many as by default: two ways to choose one seldom agree by chance."""


@asynccontextmanager
async def _new_site(
    postgres: PostgresServer, template: str, kafka: KafkaBroker, **more: Any
) -> AsyncIterator[Site]:
    with new_database(postgres, template) as name:
        settings = site_settings(
            postgres.url(name),
            kafka.bootstrap_servers,
            f"test.{secrets.token_hex(4)}",
            topic_partitions=PARTITIONS,
            **more,
        )
        async with open_site(settings) as site:
            yield site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(postgres: PostgresServer, migrated_template: str, kafka: KafkaBroker) -> AsyncIterator[Site]:
    async with _new_site(postgres, migrated_template, kafka) as site, working(site.settings):
        yield site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def strict(postgres: PostgresServer, migrated_template: str, kafka: KafkaBroker) -> AsyncIterator[Site]:
    async with (
        _new_site(postgres, migrated_template, kafka, references="require") as site,
        working(site.settings),
    ):
        yield site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def silent(postgres: PostgresServer, migrated_template: str, kafka: KafkaBroker) -> AsyncIterator[Site]:
    async with _new_site(postgres, migrated_template, kafka) as site:
        yield site


@pytest.fixture(scope="session")
def programs() -> Iterator[Programs]:
    with Children() as children:
        yield Programs(children)
