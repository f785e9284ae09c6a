"""Databases for tests: made, cloned and dropped on one server."""

import asyncio
import itertools
import secrets
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import asyncpg

from tests.support.servers import PostgresServer

_numbers = itertools.count(1)


def apart(work: Coroutine[Any, Any, object]) -> None:
    """Run something async in a thread of its own, where no event loop runs that would refuse another."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


@contextmanager
def new_database(server: PostgresServer, template: str = "template0") -> Iterator[str]:
    """The name of a fresh database, a clone of `template`; it is dropped at the end, whoever is connected."""
    name = f"walk_test_{next(_numbers)}_{secrets.token_hex(3)}"
    _execute(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield name
    finally:
        _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def _execute(server: PostgresServer, statement: str) -> None:
    async def work() -> None:
        connection = await asyncpg.connect(server.maintenance_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    apart(work())
