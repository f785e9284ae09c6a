from collections.abc import AsyncIterator, Iterator

import pytest

from service.settings import Settings
from service.store.database import Database
from service.store.tables import Adoption, Base
from tests.support.databases import new_database
from tests.support.servers import PostgresServer

TABLES = ", ".join(name for name in Base.metadata.tables if name != Adoption.__tablename__)


@pytest.fixture(scope="session")
def store_url(postgres: PostgresServer, migrated_template: str) -> Iterator[str]:
    with new_database(postgres, migrated_template) as name:
        yield postgres.url(name)


@pytest.fixture
async def database(store_url: str) -> AsyncIterator[Database]:
    """A migrated database with nothing in it, as the worker opens it."""
    database = Database(Settings(database_url=store_url).require_database())
    yield database
    async with database.transaction(durable=False) as connection:
        await connection.execute(f"TRUNCATE {TABLES}")
    await database.close()
