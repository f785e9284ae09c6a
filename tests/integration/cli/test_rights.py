"""A database that lets us in, but not as far as it is asked for."""

import asyncio
import secrets

import asyncpg

from service.settings import Settings
from service.store.address import dsn
from tests.support.terminal import Terminal


def test_missing_rights_are_named(terminal: Terminal, settings: Settings) -> None:
    role = f"walk_test_{secrets.token_hex(4)}"
    url = dsn(settings.require_database())

    async def execute(statement: str) -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(execute(f"CREATE ROLE {role} LOGIN PASSWORD 'sesame'"))
    try:
        _, _, address = url.partition("://")
        host = address.rpartition("@")[2]
        terminal.give({"WALK_DATABASE_URL": f"postgresql://{role}:sesame@{host}"})
        ended = terminal.walk("dead-letters", "list")
    finally:
        asyncio.run(execute(f"DROP ROLE {role}"))
    assert ended.code == 3
    assert "permission denied for table l1_walk_" in ended.error
    assert ended.error.endswith("check the rights of that user")
    assert "sesame" not in ended.error
