"""Which accounts, users, flows and proposals there are, and which are gone (design 8).

In a database of our own the ids come from the commands that mention them or from the references topic. In an adopted
one the four tables are upstream's: they are read, never written.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as FastUUID

from service.store.database import Connection

TABLES = {"account": "accounts", "user": "users", "flow": "trees", "proposal": "flow_proposals"}
"""Kind of a reference, and the table whose ids it names."""


class Reference(NamedTuple):
    """An account, user, flow or proposal, by id. Sorted, references are in the order of their locks."""

    kind: str
    id: UUID


def reference(kind: str, id_: UUID) -> Reference:
    """The reference of this kind and id; the same object for the same id, as long as it is remembered.

    Nearly every command names ids that others named before. Its id is asyncpg's UUID, which keeps its hash: sets of
    references cost a third of what they cost with the standard one.
    """
    named = _named[kind]
    found = named.get(id_.int)
    if found is None:
        if len(named) >= _REMEMBERED:
            named.clear()
        found = named[id_.int] = Reference(kind, FastUUID(id_.bytes))
    return found


_REMEMBERED = 100_000
_named: dict[str, dict[int, Reference]] = {kind: {} for kind in TABLES}


async def learn(connection: Connection, references: Collection[Reference]) -> None:
    """Add the ids that are not there; what is gone stays gone."""
    columns = _columns(references)
    inserted = await connection.fetch(_LEARN, *columns)
    await _add_rows(connection, [Reference(*row) for row in inserted])


async def share(connection: Connection, references: Collection[Reference]) -> dict[Reference, bool]:
    """Of these references those that we know: whether each is gone.

    They are locked, in order, so that an erasure waits for the transaction and the transaction for an erasure.
    """
    rows = await connection.fetch(_SHARE, *_columns(references))
    return {Reference(row[0], row[1]): row[2] for row in rows}


async def existing(connection: Connection, references: Collection[Reference]) -> set[Reference]:
    """Of these references those whose row stands in its table now.

    Without a lock, which would need the right to write upstream's tables: a row that goes before the commit is met
    by the foreign key, and the batch tried again.
    """
    found: set[Reference] = set()
    for kind, table in TABLES.items():
        ids = sorted(r.id for r in references if r.kind == kind)
        if ids:
            rows = await connection.fetch(_EXISTING.format(table=table), ids)
            found.update(Reference(kind, row[0]) for row in rows)
    return found


async def adopt(connection: Connection, references: Collection[Reference]) -> None:
    """Note ids that upstream's tables hold, so that they can be locked; its tables are not written."""
    await connection.fetch(_LEARN, *_columns(references))


async def appear(connection: Connection, references: Collection[Reference], *, adopted: bool) -> None:
    """These ids exist, whatever was said of them before (a non-null value on the references topic)."""
    await connection.execute(_MARK, *_columns(references), False)
    if not adopted:
        await _add_rows(connection, references)


async def vanish(connection: Connection, references: Collection[Reference]) -> None:
    """These ids are gone: no command that names one is taken from here on.

    Waits for the batches that hold them. Rows are removed afterwards, in steps (`service.store.erasure`).
    """
    await connection.execute(_MARK, *_columns(references), True)


async def _add_rows(connection: Connection, references: Iterable[Reference]) -> None:
    by_kind: dict[str, list[UUID]] = {}
    for reference in references:
        by_kind.setdefault(reference.kind, []).append(reference.id)
    for kind, ids in by_kind.items():
        await connection.execute(_ADD_ROWS.format(table=TABLES[kind]), sorted(ids))


def _columns(references: Collection[Reference]) -> tuple[list[str], list[UUID]]:
    ordered = sorted(references)
    return [r.kind for r in ordered], [r.id for r in ordered]


_LEARN = """
INSERT INTO l1_walk_references (kind, id, gone)
SELECT kind, id, false FROM unnest($1::text[], $2::uuid[]) AS n(kind, id) ORDER BY kind, id
ON CONFLICT (kind, id) DO NOTHING
RETURNING kind, id
"""

_SHARE = """
SELECT r.kind, r.id, r.gone
FROM unnest($1::text[], $2::uuid[]) AS n(kind, id) JOIN l1_walk_references AS r USING (kind, id)
ORDER BY r.kind, r.id FOR SHARE OF r
"""

_EXISTING = "SELECT id FROM {table} WHERE id = ANY($1::uuid[])"

_MARK = """
INSERT INTO l1_walk_references AS r (kind, id, gone)
SELECT kind, id, $3 FROM unnest($1::text[], $2::uuid[]) AS n(kind, id) ORDER BY kind, id
ON CONFLICT (kind, id) DO UPDATE SET gone = excluded.gone, updated_at = now() WHERE r.gone <> excluded.gone
"""

_ADD_ROWS = "INSERT INTO {table} (id) SELECT unnest($1::uuid[]) ON CONFLICT (id) DO NOTHING"
