"""Settle dead letters, tell poison from the world, and keep who set a partition's progress.

All columns come with constant defaults, so that no row is rewritten; workers of the release before go on beside it.

Revision ID: 8a6f0d27c1be
Revises: 5d1c0e7a94f3
"""

from alembic import op
from sqlalchemy import text

from service.store.errors import MigrationError

revision = "8a6f0d27c1be"
down_revision = "5d1c0e7a94f3"
branch_labels = None
depends_on = None

LETTERS = "l1_walk_dead_letters"


def upgrade() -> None:
    op.execute(
        f"ALTER TABLE {LETTERS} ADD COLUMN attempts integer DEFAULT 0 NOT NULL,"
        " ADD COLUMN outcome character varying(20), ADD COLUMN outcome_reason character varying(40),"
        " ADD COLUMN settled_by character varying(128), ADD COLUMN settled_reason text,"
        " ADD COLUMN settled_at timestamp with time zone"
    )
    op.execute(
        f"CREATE INDEX ix_{LETTERS}_parked_behind ON {LETTERS} (parked_behind) WHERE parked_behind IS NOT NULL"
    )
    op.execute(
        "ALTER TABLE l1_walk_progress ADD COLUMN takes integer DEFAULT 0 NOT NULL,"
        " ADD COLUMN tried_offset bigint, ADD COLUMN tries integer DEFAULT 0 NOT NULL"
    )
    op.execute("""
        CREATE TABLE l1_walk_progress_changes (
            id uuid DEFAULT gen_random_uuid() NOT NULL,
            topic text NOT NULL,
            partition integer NOT NULL,
            from_offset bigint,
            to_offset bigint NOT NULL,
            changed_by character varying(128) NOT NULL,
            reason text NOT NULL,
            changed_at timestamp with time zone DEFAULT now() NOT NULL,
            CONSTRAINT pk_l1_walk_progress_changes PRIMARY KEY (id)
        )
    """)


def downgrade() -> None:
    connection = op.get_bind()
    op.execute("LOCK TABLE l1_walk_held, l1_walk_dead_letters IN ACCESS EXCLUSIVE MODE")
    held = connection.scalar(text("SELECT count(*) FROM l1_walk_held"))
    if held:
        raise MigrationError(
            f"sessions are held behind dead letters ({held}), which the release before does not know: settle them with"
            " `walk dead-letters redrive` or `discard`, then downgrade again"
        )
    op.execute("DROP TABLE l1_walk_progress_changes")
    op.execute("ALTER TABLE l1_walk_progress DROP COLUMN takes, DROP COLUMN tried_offset, DROP COLUMN tries")
    op.execute(f"DROP INDEX ix_{LETTERS}_parked_behind")
    op.execute(
        f"ALTER TABLE {LETTERS} DROP COLUMN attempts, DROP COLUMN outcome, DROP COLUMN outcome_reason,"
        " DROP COLUMN settled_by, DROP COLUMN settled_reason, DROP COLUMN settled_at"
    )
