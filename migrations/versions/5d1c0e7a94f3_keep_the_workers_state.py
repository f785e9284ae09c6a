"""Keep the worker's state: three columns of the session table, and the worker's own tables.

The columns come with constant defaults, so that no row is rewritten. A downgrade drops all of this state, and
stops while the outbox still holds messages that are owed to Kafka.

Revision ID: 5d1c0e7a94f3
Revises: beca7464b6b4
"""

from alembic import op
from sqlalchemy import text

from service.store import adoption, catalog
from service.store.adoption import SESSIONS
from service.store.errors import MigrationError

revision = "5d1c0e7a94f3"
down_revision = "beca7464b6b4"
branch_labels = None
depends_on = None

OWN_TABLES = {
    "l1_walk_inbox": """
        session_id uuid NOT NULL,
        source character varying(128) NOT NULL,
        command_id character varying(128) NOT NULL,
        digest bytea NOT NULL,
        outcome character varying(20) NOT NULL,
        reason character varying(40),
        version integer,
        origin_partition integer NOT NULL,
        origin_offset bigint NOT NULL,
        handled_at timestamp with time zone DEFAULT now() NOT NULL,
        CONSTRAINT pk_l1_walk_inbox PRIMARY KEY (session_id, source, command_id)
    """,
    "l1_walk_outbox": """
        partition integer NOT NULL,
        "offset" bigint NOT NULL,
        number integer NOT NULL,
        topic text NOT NULL,
        target_partition integer,
        key bytea,
        headers bytea,
        value bytea,
        session_id uuid,
        account_id uuid,
        created_at timestamp with time zone DEFAULT now() NOT NULL,
        CONSTRAINT pk_l1_walk_outbox PRIMARY KEY (partition, "offset", number)
    """,
    "l1_walk_dead_letters": """
        id uuid NOT NULL,
        topic text NOT NULL,
        partition integer NOT NULL,
        "offset" bigint NOT NULL,
        record_timestamp timestamp with time zone,
        key bytea,
        headers bytea,
        value bytea,
        session_id uuid,
        account_id uuid,
        class character varying(20) NOT NULL,
        error text NOT NULL,
        state character varying(20) DEFAULT 'open' NOT NULL,
        parked_behind uuid,
        created_at timestamp with time zone DEFAULT now() NOT NULL,
        updated_at timestamp with time zone DEFAULT now() NOT NULL,
        CONSTRAINT pk_l1_walk_dead_letters PRIMARY KEY (id),
        CONSTRAINT uq_l1_walk_dead_letters_topic_partition_offset UNIQUE (topic, partition, "offset")
    """,
    "l1_walk_held": """
        session_id uuid NOT NULL,
        dead_letter_id uuid NOT NULL,
        partition integer NOT NULL,
        since timestamp with time zone DEFAULT now() NOT NULL,
        CONSTRAINT pk_l1_walk_held PRIMARY KEY (session_id)
    """,
    "l1_walk_progress": """
        topic text NOT NULL,
        partition integer NOT NULL,
        next_offset bigint,
        epoch bigint DEFAULT 0 NOT NULL,
        digest bytea,
        record_timestamp timestamp with time zone,
        updated_at timestamp with time zone DEFAULT now() NOT NULL,
        CONSTRAINT pk_l1_walk_progress PRIMARY KEY (topic, partition)
    """,
    "l1_walk_references": """
        kind character varying(10) NOT NULL,
        id uuid NOT NULL,
        gone boolean DEFAULT false NOT NULL,
        updated_at timestamp with time zone DEFAULT now() NOT NULL,
        CONSTRAINT pk_l1_walk_references PRIMARY KEY (kind, id)
    """,
}
OUTBOX_STORAGE = """
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
    toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 5000,
    toast.autovacuum_vacuum_cost_delay = 0
"""


def upgrade() -> None:
    connection = op.get_bind()
    op.execute(
        f"ALTER TABLE {SESSIONS} ADD COLUMN version integer DEFAULT 1 NOT NULL,"
        " ADD COLUMN home_partition integer,"
        " ADD COLUMN updated_at timestamp with time zone DEFAULT now() NOT NULL"
    )
    if "fillfactor" not in catalog.storage(connection, SESSIONS):
        adoption.note(connection, "added", "storage", "fillfactor")
        op.execute(f"ALTER TABLE {SESSIONS} SET (fillfactor = 70)")
    for table, definition in OWN_TABLES.items():
        op.execute(f"CREATE TABLE {table} ({definition})")
    op.execute(f"ALTER TABLE l1_walk_outbox SET ({OUTBOX_STORAGE})")
    for column in ("session_id", "account_id", "state"):
        op.execute(f"CREATE INDEX ix_l1_walk_dead_letters_{column} ON l1_walk_dead_letters ({column})")


def downgrade() -> None:
    connection = op.get_bind()
    op.execute("LOCK TABLE l1_walk_outbox IN ACCESS EXCLUSIVE MODE")
    owed = connection.scalar(text("SELECT count(*) FROM l1_walk_outbox"))
    if owed:
        raise MigrationError(
            f"l1_walk_outbox still holds messages that are owed to Kafka ({owed}) and would be lost: start the worker"
            " until `walk status` shows an empty outbox, stop it, then downgrade again"
        )
    for table in OWN_TABLES:
        op.execute(f"DROP TABLE {table}")
    if "fillfactor" in adoption.noted(connection, "added", "storage"):
        op.execute(f"ALTER TABLE {SESSIONS} RESET (fillfactor)")
        adoption.forget(connection, "added", "storage", "fillfactor")
    op.execute(
        f"ALTER TABLE {SESSIONS} DROP COLUMN version, DROP COLUMN home_partition, DROP COLUMN updated_at"
    )
