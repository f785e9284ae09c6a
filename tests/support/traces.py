"""Looking for an id in everything that a database holds."""

import uuid
from typing import Any

import asyncpg

from service.store.tables import Base


async def traces(connection: "asyncpg.Connection[Any]", id_: str | uuid.UUID) -> dict[str, int]:
    """The tables, and how many of their rows hold the id: as text or within text or JSON, as its text or its sixteen
    bytes within bytes."""
    found = {}
    for table in Base.metadata.tables:
        number = await connection.fetchval(_TRACES.format(table=table), uuid.UUID(str(id_)))
        if number:
            found[table] = number
    return found


_TRACES = """
SELECT count(*) FROM {table} AS t
WHERE strpos(lower(t::text), $1::uuid::text) > 0
  OR strpos(lower(t::text), encode(convert_to($1::uuid::text, 'UTF8'), 'hex')) > 0
  OR strpos(lower(t::text), replace($1::uuid::text, '-', '')) > 0
"""
"""A row as text shows bytes in hexadecimal."""
