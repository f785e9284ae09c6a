from collections.abc import AsyncIterator

import pytest

from service.settings import Settings
from service.store.database import Database


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database, as the worker opens it."""
    database = Database(Settings(database_url=database_url).require_database())
    yield database
    await database.close()
