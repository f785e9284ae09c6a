import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from service.store.tables import Base
from tests.support.databases import apart, new_database
from tests.support.schema import Schema, schema
from tests.support.servers import PostgresServer


@pytest.fixture(scope="session")
def modelled(postgres: PostgresServer) -> Schema:
    """The schema that the models alone make."""
    found: list[Schema] = []

    async def create(url: str) -> None:
        engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        await engine.dispose()
        found.append(await schema(url))

    with new_database(postgres) as name:
        apart(create(postgres.url(name)))
    return found[0]
