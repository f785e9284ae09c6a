"""What PostgreSQL's catalog says of a table in the current schema, for migrations that adopt one."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, text


class Constraint(NamedTuple):
    """A constraint: its columns in order, its definition as PostgreSQL writes it."""

    name: str
    columns: tuple[str, ...]
    definition: str


class Index(NamedTuple):
    """An index: its columns in order, none where it is on expressions or on a part of the rows.

    `valid` is false where building it was broken off.
    """

    name: str
    columns: tuple[str, ...]
    valid: bool


def tables(connection: Connection, names: Iterable[str]) -> set[str]:
    """Which of these tables there are."""
    rows = connection.execute(_TABLES, {"names": list(names)})
    return {row.relname for row in rows}


def columns(connection: Connection, table: str) -> dict[str, str]:
    """Each column's type, followed by `NOT NULL` and `DEFAULT` where it has them, by its name."""
    return {row.name: row.definition for row in connection.execute(_COLUMNS, {"table": table})}


def constraints(connection: Connection, table: str, kind: str) -> list[Constraint]:
    """Its constraints of one kind: `p` primary key, `u` unique, `f` foreign key, `c` check."""
    rows = connection.execute(_CONSTRAINTS, {"table": table, "kind": kind})
    return [Constraint(row.name, tuple(row.columns), row.definition) for row in rows]


def indexes(connection: Connection, table: str) -> list[Index]:
    """Its indexes."""
    rows = connection.execute(_INDEXES, {"table": table})
    return [Index(row.name, tuple(row.columns), row.valid) for row in rows]


def storage(connection: Connection, table: str) -> dict[str, str]:
    """Its storage parameters (`fillfactor` and the like)."""
    options = connection.scalar(_STORAGE, {"table": table}) or []
    return dict(option.split("=", 1) for option in options)


_THIS = """
(SELECT oid FROM pg_class WHERE relname = :table AND relnamespace = current_schema()::regnamespace)
"""

_TABLES = text("""
SELECT relname FROM pg_class
WHERE relname = ANY(:names) AND relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
""")

_COLUMNS = text(f"""
SELECT attname AS name,
       format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
           || CASE WHEN atthasdef OR attidentity <> '' THEN ' DEFAULT' ELSE '' END AS definition
FROM pg_attribute WHERE attrelid = {_THIS} AND attnum > 0 AND NOT attisdropped ORDER BY attnum
""")  # noqa: S608 - a constant

_CONSTRAINTS = text(f"""
SELECT conname AS name, pg_get_constraintdef(oid) AS definition,
       ARRAY(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY AS k(number, place)
             JOIN pg_attribute ON attrelid = conrelid AND attnum = number ORDER BY place) AS columns
FROM pg_constraint WHERE conrelid = {_THIS} AND contype::text = :kind ORDER BY conname
""")  # noqa: S608 - a constant

_INDEXES = text(f"""
SELECT relname AS name, indisvalid AS valid,
       ARRAY(SELECT attname::text FROM unnest(indkey::int2[]) WITH ORDINALITY AS k(number, place)
             JOIN pg_attribute ON attrelid = indrelid AND attnum = number
             WHERE indexprs IS NULL AND indpred IS NULL ORDER BY place) AS columns
FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE indrelid = {_THIS} ORDER BY relname
""")  # noqa: S608 - a constant

_STORAGE = text(f"SELECT reloptions FROM pg_class WHERE oid = {_THIS}")  # noqa: S608 - a constant
