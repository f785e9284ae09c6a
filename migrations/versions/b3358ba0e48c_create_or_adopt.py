"""Create the session table in its older form, or adopt upstream's.

In an empty database the four reference tables and `l1_walk_sessions` are created. In upstream's they are left
as they stand: what the session table lacks of section 12 is added, foreign keys and indexes being found by
their columns. `l1_walk_adoption` remembers which it was. A later form, whose checks know `ai_build`, is
adopted as well.

Revision ID: b3358ba0e48c
Revises:
"""

from alembic import op

from service.store import adoption, catalog, online
from service.store.adoption import KIND_COLUMNS, NEWER, OLDER, REFERENCES, SESSIONS

revision = "b3358ba0e48c"
down_revision = None
branch_labels = None
depends_on = None

COLUMNS = {
    "id": "uuid NOT NULL",
    "account_id": "uuid NOT NULL",
    "created_by_user_id": "uuid NOT NULL",
    "acting_as": "character varying(30)",
    "ticket_id": "character varying(64) NOT NULL",
    "ticket_kind": "character varying(10) NOT NULL",
    "session_kind": "character varying(20) NOT NULL",
    "flow_id": "uuid",
    "flow_proposal_id": "uuid",
    "current_node_id": "character varying(100)",
    "walked_path": "jsonb NOT NULL",
    "walk_notes": "jsonb NOT NULL",
    "status": "character varying(20) NOT NULL",
    "resolution_notes": "text",
    "helpful": "boolean",
    "escalation_reason": "text",
    "escalation_reason_category": "character varying(30)",
    "started_at": "timestamp with time zone NOT NULL",
    "last_step_at": "timestamp with time zone NOT NULL",
    "resolved_at": "timestamp with time zone",
}
DEFAULTS = {"walked_path": "'[]'::jsonb", "walk_notes": "'[]'::jsonb", "status": "'active'"}
FOREIGN_KEYS = {
    "account_id": "FOREIGN KEY (account_id) REFERENCES accounts(id) ON DELETE CASCADE",
    "created_by_user_id": "FOREIGN KEY (created_by_user_id) REFERENCES users(id) ON DELETE RESTRICT",
    "flow_id": "FOREIGN KEY (flow_id) REFERENCES trees(id) ON DELETE SET NULL",
    "flow_proposal_id": "FOREIGN KEY (flow_proposal_id) REFERENCES flow_proposals(id) ON DELETE SET NULL",
}
VALUES = {
    "ticket_kind": ("psa", "internal"),
    "status": ("active", "resolved", "escalated", "abandoned"),
}
CHECKS = {column: f"CHECK ({column} IN {values})" for column, values in VALUES.items()}
INDEXES = {
    "account_id": "USING btree (account_id)",
    "created_by_user_id": "USING btree (created_by_user_id)",
    "status": "USING btree (status)",
    "last_step_at": "USING brin (last_step_at)",
}

ADOPTION = """
CREATE TABLE IF NOT EXISTS l1_walk_adoption (
    action character varying(10) NOT NULL,
    kind character varying(10) NOT NULL,
    name character varying(63) NOT NULL,
    definition text,
    CONSTRAINT pk_l1_walk_adoption PRIMARY KEY (action, kind, name)
)
"""


def upgrade() -> None:
    connection = op.get_bind()
    found = adoption.survey(connection, COLUMNS, FOREIGN_KEYS, VALUES)
    op.execute(ADOPTION)
    for table in REFERENCES:
        if found.references:
            adoption.note(connection, "adopted", "table", table)
        else:
            op.execute(f"CREATE TABLE {table} (id uuid NOT NULL, CONSTRAINT pk_{table} PRIMARY KEY (id))")
    if found.sessions:
        _adopt_sessions()
    else:
        _create_sessions()


def downgrade() -> None:
    connection = op.get_bind()
    adopted = adoption.noted(connection, "adopted", "table")
    if SESSIONS in adopted:
        _give_sessions_back()
    else:
        op.execute(f"DROP TABLE {SESSIONS}")
    for table in REFERENCES:
        if table not in adopted:
            op.execute(f"DROP TABLE {table}")
    op.execute("DROP TABLE l1_walk_adoption")


def _create_sessions() -> None:
    lines = [
        f"{name} {kind}" + (f" DEFAULT {DEFAULTS[name]}" if name in DEFAULTS else "")
        for name, kind in COLUMNS.items()
    ]
    lines.append(f"CONSTRAINT pk_{SESSIONS} PRIMARY KEY (id)")
    lines += [f"CONSTRAINT fk_{SESSIONS}_{column} {key}" for column, key in FOREIGN_KEYS.items()]
    lines += [f"CONSTRAINT ck_{SESSIONS}_{name} {check}" for name, check in {**CHECKS, **OLDER}.items()]
    op.execute(f"CREATE TABLE {SESSIONS} ({', '.join(lines)}) WITH (fillfactor = 70)")
    for column, definition in INDEXES.items():
        op.execute(f"CREATE INDEX ix_{SESSIONS}_{column} ON {SESSIONS} {definition}")


def _adopt_sessions() -> None:
    """Note the table and its checks of the kind, which the next revision replaces; add what it lacks."""
    connection = op.get_bind()
    adoption.note(connection, "adopted", "table", SESSIONS)
    checks = catalog.constraints(connection, SESSIONS, "c")
    form = NEWER if any("'ai_build'" in check.definition for check in checks) else OLDER
    for check in checks:
        if known := KIND_COLUMNS.get(frozenset(check.columns)):
            adoption.note(connection, "adopted", "check", check.name, form[known])
    checked = {check.columns for check in checks}
    keyed = {key.columns for key in catalog.constraints(connection, SESSIONS, "f")}
    missing = {f"ck_{SESSIONS}_{c}": check for c, check in CHECKS.items() if (c,) not in checked}
    missing |= {f"fk_{SESSIONS}_{c}": key for c, key in FOREIGN_KEYS.items() if (c,) not in keyed}
    for name in missing:
        adoption.note(connection, "added", "constraint", name)
    online.add_constraints(SESSIONS, missing)
    online.validate(SESSIONS, adoption.noted(connection, "added", "constraint"))
    indexed = {index.columns for index in catalog.indexes(connection, SESSIONS) if index.valid}
    online.add_indexes(SESSIONS,
        {f"ix_{SESSIONS}_{c}": definition for c, definition in INDEXES.items() if (c,) not in indexed},
    )  # fmt: skip


def _give_sessions_back() -> None:
    """Take back what was added, and put back the checks as they stood when the table was adopted."""
    connection = op.get_bind()
    for name in adoption.noted(connection, "added", "index"):
        op.execute(f"DROP INDEX IF EXISTS {online.quoted(name)}")
    for name in adoption.noted(connection, "added", "constraint"):
        op.execute(f"ALTER TABLE {SESSIONS} DROP CONSTRAINT IF EXISTS {online.quoted(name)}")
    checks = adoption.noted(connection, "adopted", "check")
    online.replace_kind_checks({name: check for name, check in checks.items() if check})
