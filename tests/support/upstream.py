"""Upstream's database as the worker may find it: its own tables with rows in them, and its own Alembic."""

import uuid
from dataclasses import dataclass, field
from typing import Any

import asyncpg

ACCOUNT, USER, TREE, PROPOSAL = (uuid.UUID(int=number) for number in range(1, 5))

OLDER_KINDS = "'flow', 'proposal', 'adhoc'"
NEWER_KINDS = "'flow', 'proposal', 'adhoc', 'ai_build'"
FREE = {OLDER_KINDS: "'adhoc'", NEWER_KINDS: "'adhoc', 'ai_build'"}

REFERENCES = """
CREATE TABLE accounts (
    id uuid PRIMARY KEY, name text NOT NULL, plan varchar(20) NOT NULL DEFAULT 'basic', settings jsonb);
CREATE INDEX accounts_by_name ON accounts (name);
CREATE TABLE users (
    id uuid PRIMARY KEY, account_id uuid NOT NULL REFERENCES accounts(id), email varchar(200) UNIQUE);
CREATE TABLE trees (id uuid PRIMARY KEY, title text NOT NULL, published boolean NOT NULL);
CREATE TABLE flow_proposals (id uuid PRIMARY KEY, tree_id uuid REFERENCES trees(id), draft jsonb);
CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY);
INSERT INTO alembic_version VALUES ('b3358ba0e48c');
"""

FOREIGN_KEYS = {
    "account_id": "REFERENCES accounts(id) ON DELETE CASCADE",
    "created_by_user_id": "REFERENCES users(id) ON DELETE RESTRICT",
    "flow_id": "REFERENCES trees(id) ON DELETE SET NULL",
    "flow_proposal_id": "REFERENCES flow_proposals(id) ON DELETE SET NULL",
}
INDEXED = ("account_id", "created_by_user_id", "status", "last_step_at")


@dataclass(frozen=True)
class Upstream:
    """One form of upstream's database.

    `foreign_keys` and `indexes` name those that are there, by column; `names` is what goes before their names.
    """

    kinds: str = OLDER_KINDS
    names: str = "ix_l1_walk_sessions_"
    foreign_keys: dict[str, str] = field(default_factory=lambda: dict(FOREIGN_KEYS))
    indexes: tuple[str, ...] = INDEXED
    check: str = "ck_l1_walk_sessions_"

    async def make(self, url: str) -> None:
        """Build it in an empty database, with a row of every kind that it knows."""
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(REFERENCES + self._sessions())
            for table, columns in (
                ("accounts", {"id": ACCOUNT, "name": "Ångström GmbH"}),
                ("users", {"id": USER, "account_id": ACCOUNT, "email": "t@example.org"}),
                ("trees", {"id": TREE, "title": "VPN", "published": True}),
                ("flow_proposals", {"id": PROPOSAL, "tree_id": TREE}),
            ):
                await insert(connection, table, columns)
            targets = {"flow": {"flow_id": TREE}, "proposal": {"flow_proposal_id": PROPOSAL}}
            for number, kind in enumerate(self.kinds.replace("'", "").split(", ")):
                await insert_walk(connection, number, kind, **targets.get(kind, {}))
        finally:
            await connection.close()

    def _sessions(self) -> str:
        keys = {column: self.foreign_keys.get(column, "") for column in FOREIGN_KEYS}
        indexes = "".join(
            f"CREATE INDEX {self.names}{column} ON l1_walk_sessions ({column});" for column in self.indexes
        )
        return f"""
        CREATE TABLE l1_walk_sessions (
            id uuid PRIMARY KEY,
            account_id uuid NOT NULL {keys["account_id"]},
            created_by_user_id uuid NOT NULL {keys["created_by_user_id"]},
            acting_as varchar(30),
            ticket_id varchar(64) NOT NULL,
            ticket_kind varchar(10) NOT NULL,
            session_kind varchar(20) NOT NULL,
            flow_id uuid {keys["flow_id"]},
            flow_proposal_id uuid {keys["flow_proposal_id"]},
            current_node_id varchar(100),
            walked_path jsonb NOT NULL DEFAULT '[]'::jsonb,
            walk_notes jsonb NOT NULL DEFAULT '[]'::jsonb,
            status varchar(20) NOT NULL DEFAULT 'active',
            resolution_notes text,
            helpful boolean,
            escalation_reason text,
            escalation_reason_category varchar(30),
            started_at timestamptz NOT NULL,
            last_step_at timestamptz NOT NULL,
            resolved_at timestamptz,
            CONSTRAINT {self.check}ticket_kind CHECK (ticket_kind IN ('psa', 'internal')),
            CONSTRAINT {self.check}session_kind CHECK (session_kind IN ({self.kinds})),
            CONSTRAINT {self.check}status
                CHECK (status IN ('active', 'resolved', 'escalated', 'abandoned')),
            CONSTRAINT {self.check}target_consistency CHECK (
                (session_kind = 'flow' AND flow_id IS NOT NULL AND flow_proposal_id IS NULL)
                OR (session_kind = 'proposal' AND flow_proposal_id IS NOT NULL AND flow_id IS NULL)
                OR (session_kind IN ({FREE[self.kinds]}) AND flow_id IS NULL AND flow_proposal_id IS NULL))
        );
        {indexes}
        """


async def insert(connection: "asyncpg.Connection[Any]", table: str, columns: dict[str, Any]) -> None:
    """One row."""
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    await connection.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", *columns.values()
    )


async def insert_walk(
    connection: "asyncpg.Connection[Any]", number: int, kind: str, **columns: Any
) -> uuid.UUID:
    """A walk as upstream wrote it, its path of a shape that the worker does not write."""
    walk = uuid.UUID(int=0x1000 + number)
    await connection.execute(
        """
        INSERT INTO l1_walk_sessions (id, account_id, created_by_user_id, ticket_id, ticket_kind, session_kind,
            flow_id, flow_proposal_id, walked_path, started_at, last_step_at)
        VALUES ($1, $2, $3, 'T-1', 'psa', $4, $5, $6, '[{"step": 1, "old": {"shape": null}}, "and", 7]',
            '2024-01-01T00:00:00Z', '2024-01-01T00:05:00Z')
        """,
        walk, columns.get("account_id", ACCOUNT), USER, kind, columns.get("flow_id"), columns.get("flow_proposal_id"),
    )  # fmt: skip
    return walk
