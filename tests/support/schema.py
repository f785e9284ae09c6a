"""What a database looks like, from PostgreSQL's catalog, so that two can be compared."""

import re
from typing import Any, NamedTuple

import asyncpg

from service.store.address import dsn


class Schema(NamedTuple):
    """Everything that a migration can change, as text; names in `constraints` and `indexes` by what they name."""

    columns: dict[str, str]
    constraints: dict[str, str]
    indexes: dict[str, str]
    storage: dict[str, str]

    def of(self, *tables: str) -> "Schema":
        """The part that is about these tables."""
        return Schema(*({k: v for k, v in part.items() if k.partition(".")[0] in tables} for part in self))

    def without(self, *tables: str) -> "Schema":
        """The part that is not about these tables."""
        return Schema(
            *({k: v for k, v in part.items() if k.partition(".")[0] not in tables} for part in self)
        )

    def nameless(self) -> list[str]:
        """All of it, without what constraints and indexes are called, and without the order of columns."""
        named = [*self.constraints.items(), *self.indexes.items()]
        definitions = [f"{name.partition('.')[0]}: {text}" for name, text in named]
        columns = [f"{name} {re.sub(r'^[0-9]+ ', '', text)}" for name, text in self.columns.items()]
        return sorted([*definitions, *columns, *(f"{name} {text}" for name, text in self.storage.items())])


async def schema(url: str) -> Schema:
    """The current schema of a database, Alembic's version tables left out."""
    connection = await asyncpg.connect(dsn(url))
    try:
        return Schema(*[dict(map(tuple, await connection.fetch(query))) for query in _QUERIES])
    finally:
        await connection.close()


async def rows(url: str, *tables: str) -> dict[str, list[Any]]:
    """All rows of some tables as JSON text, in order of the text."""
    connection = await asyncpg.connect(dsn(url))
    try:
        return {
            table: [
                r[0] for r in await connection.fetch(f"SELECT to_jsonb(t)::text FROM {table} t ORDER BY 1")
            ]
            for table in tables
        }
    finally:
        await connection.close()


_TABLES = """
pg_class t WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind = 'r'
AND t.relname NOT IN ('l1_walk_alembic_version', 'alembic_version')
"""

_QUERIES = (
    f"""
    SELECT t.relname || '.' || attname,
        row_number() OVER (PARTITION BY t.relname ORDER BY attnum) || ' ' || format_type(atttypid, atttypmod)
        || ' ' || attnotnull || ' ' || coalesce(pg_get_expr(adbin, adrelid), '')
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum,
    {_TABLES} AND attrelid = t.oid AND attnum > 0 AND NOT attisdropped
    """,
    f"""
    SELECT t.relname || '.' || conname, pg_get_constraintdef(c.oid) FROM pg_constraint c,
    {_TABLES} AND conrelid = t.oid AND contype IN ('c', 'f', 'p', 'u')
    """,
    f"""
    SELECT t.relname || '.' || i.relname, replace(pg_get_indexdef(i.oid), ' ' || i.relname || ' ', ' ')
        || ' ' || indisvalid
    FROM pg_index JOIN pg_class i ON i.oid = indexrelid,
    {_TABLES} AND indrelid = t.oid AND NOT indisprimary
    """,
    f"""
    SELECT t.relname || '.', coalesce(t.reloptions::text, '') || coalesce(toast.reloptions::text, '')
    FROM pg_class toast RIGHT JOIN (SELECT * FROM {_TABLES}) t ON toast.oid = t.reltoastrelid
    """,
)
