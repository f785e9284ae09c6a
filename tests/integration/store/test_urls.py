"""A database's URL as people have it: for libpq, for SQLAlchemy, with options."""

import pytest

from service.store.database import Database


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
@pytest.mark.parametrize(
    "options", ["", "?sslmode=disable", "?ssl=disable", "?sslmode=prefer&options=-c%20work_mem%3D8MB"]
)
async def test_every_spelling_leads_there(scheme: str, options: str, database_url: str) -> None:
    _, _, rest = database_url.partition("://")
    database = Database(f"{scheme}://{rest}{options}")
    try:
        async with database.transaction() as connection:
            assert await connection.fetchval("SELECT current_database()") in rest
            if "work_mem" in options:
                assert await connection.fetchval("SHOW work_mem") == "8MB"
    finally:
        await database.close()
