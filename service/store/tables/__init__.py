"""The tables as SQLAlchemy models: one metadata, which Alembic compares with the database.

`session` holds what design 12 gives (upstream's session table and the four it refers to), `worker` what is
the worker's own (design 8). The worker's statements are SQL, each in the module of what it keeps (`service.store`):
these models are for Alembic, and for whoever reads the tables with SQLAlchemy.
"""

from service.store.tables.base import Base
from service.store.tables.session import Account, FlowProposal, L1WalkSession, Tree, User
from service.store.tables.worker import (
    Adoption,
    DeadLetter,
    HeldSession,
    InboxEntry,
    OutboxMessage,
    Progress,
    ProgressChange,
    Reference,
)

__all__ = [
    "Account",
    "Adoption",
    "Base",
    "DeadLetter",
    "FlowProposal",
    "HeldSession",
    "InboxEntry",
    "L1WalkSession",
    "OutboxMessage",
    "Progress",
    "ProgressChange",
    "Reference",
    "Tree",
    "User",
]
