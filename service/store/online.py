"""Changes to a table that others use meanwhile: locks are short, and what takes long is done without them.

For migrations. What is added is noted first, so that a run that was broken off can be repeated, and so that a
downgrade can take it back (`service.store.adoption`).
"""

from collections.abc import Collection, Mapping

from alembic import op

from service.store import adoption, catalog
from service.store.errors import MigrationError


def add_constraints(table: str, definitions: Mapping[str, str]) -> None:
    """Add constraints by name; they bind new rows at once, `validate` makes sure of the old ones."""
    for name, definition in definitions.items():
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {quoted(name)} {definition} NOT VALID")


def replace_kind_checks(definitions: Mapping[str, str]) -> None:
    """Drop the session table's checks of kind and target, whatever their names, and put these in their place."""
    for check in catalog.constraints(op.get_bind(), adoption.SESSIONS, "c"):
        if frozenset(check.columns) in adoption.KIND_COLUMNS:
            op.execute(f"ALTER TABLE {adoption.SESSIONS} DROP CONSTRAINT {quoted(check.name)}")
    add_constraints(adoption.SESSIONS, definitions)
    validate(adoption.SESSIONS, definitions)


def validate(table: str, names: Collection[str]) -> None:
    """Make sure that all rows keep these constraints. Commits what was done before."""
    with op.get_context().autocommit_block():
        for kind in "cf":
            for found in catalog.constraints(op.get_bind(), table, kind):
                if found.name in names and found.definition.endswith("NOT VALID"):
                    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {quoted(found.name)}")


def add_indexes(table: str, definitions: Mapping[str, str]) -> None:
    """Build indexes by name, each as `USING method (column)` says. Commits what was done before.

    One that an earlier run left half built is built anew.

    Raises:
        MigrationError: another index has the name.
    """
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        standing = {index.name: index.valid for index in catalog.indexes(connection, table)}
        for name, definition in definitions.items():
            if standing.get(name):
                raise MigrationError(
                    f"the index {name} is on something else than {table} {definition}: rename it, then run this again"
                )
            if name in standing:
                op.execute(f"DROP INDEX CONCURRENTLY {quoted(name)}")
            adoption.note(connection, "added", "index", name)
            op.execute(f"CREATE INDEX CONCURRENTLY {quoted(name)} ON {table} {definition}")


def quoted(name: str) -> str:
    """A name as SQL takes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'
