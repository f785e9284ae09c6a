"""Alembic's way into the chain: on the connection that `service.store.migrate` gives, or on one of its own.

The latter is for developers' `alembic -c migrations/alembic.ini ...`; see README.md beside this file.
"""

import asyncio
from typing import Any

from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection

from service.settings import SettingsError, load
from service.store import migrate
from service.store.errors import MigrationError
from service.store.tables import Base


def ours(_object: Any, name: str | None, type_: str, reflected: bool, _compare_to: Any) -> bool:
    """Whether Alembic is to compare it: in a shared database, not the tables of others."""
    return not (type_ == "table" and reflected and name not in Base.metadata.tables)


def run(connection: Connection) -> None:
    """Do on this connection what the command asks for, each revision in a transaction of its own."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        version_table=migrate.VERSION_TABLE,
        transaction_per_migration=True,
        compare_type=True,
        compare_server_default=True,
        include_object=ours,
    )
    with context.begin_transaction():
        context.run_migrations()


def connect_and_run() -> None:
    """The same on a connection of our own; what goes wrong is told as Alembic tells it."""
    if context.is_offline_mode():
        raise CommandError("these migrations look at the database as they go: they cannot be printed (--sql)")
    try:
        asyncio.run(migrate.exclusively(load().require_database(), run))
    except (MigrationError, SettingsError) as error:
        raise CommandError(str(error)) from error


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    connect_and_run()
