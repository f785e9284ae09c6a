"""Let the checks of the session kind and its target know `ai_build`.

Drops and recreates `session_kind` and `target_consistency`. A downgrade stops where rows are `ai_build`.

Revision ID: beca7464b6b4
Revises: b3358ba0e48c
"""

from alembic import op
from sqlalchemy import text

from service.store import online
from service.store.adoption import SESSIONS
from service.store.errors import MigrationError

revision = "beca7464b6b4"
down_revision = "b3358ba0e48c"
branch_labels = None
depends_on = None

COLUMNS = (frozenset({"session_kind"}), frozenset({"session_kind", "flow_id", "flow_proposal_id"}))
NEWER = {
    "ck_l1_walk_sessions_session_kind": "CHECK (session_kind IN ('flow', 'proposal', 'adhoc', 'ai_build'))",
    "ck_l1_walk_sessions_target_consistency": (
        "CHECK ((session_kind = 'flow' AND flow_id IS NOT NULL AND flow_proposal_id IS NULL)"
        " OR (session_kind = 'proposal' AND flow_proposal_id IS NOT NULL AND flow_id IS NULL)"
        " OR (session_kind IN ('adhoc', 'ai_build') AND flow_id IS NULL AND flow_proposal_id IS NULL))"
    ),
}
OLDER = {
    "ck_l1_walk_sessions_session_kind": "CHECK (session_kind IN ('flow', 'proposal', 'adhoc'))",
    "ck_l1_walk_sessions_target_consistency": (
        "CHECK ((session_kind = 'flow' AND flow_id IS NOT NULL AND flow_proposal_id IS NULL)"
        " OR (session_kind = 'proposal' AND flow_proposal_id IS NOT NULL AND flow_id IS NULL)"
        " OR (session_kind = 'adhoc' AND flow_id IS NULL AND flow_proposal_id IS NULL))"
    ),
}
AI_BUILD = """
SELECT id, count(*) OVER () AS n FROM l1_walk_sessions WHERE session_kind = 'ai_build' ORDER BY id LIMIT
:limit
"""
NAMED_AT_MOST = 5


def upgrade() -> None:
    online.replace_checks(SESSIONS, COLUMNS, NEWER)


def downgrade() -> None:
    rows = op.get_bind().execute(text(AI_BUILD), {"limit": NAMED_AT_MOST}).all()
    if rows:
        ids = ", ".join(str(row.id) for row in rows)
        more = f" and {rows[0].n - len(rows)} more" if rows[0].n > len(rows) else ""
        raise MigrationError(
            f"{rows[0].n} walks in {SESSIONS} are of the kind ai_build, which the form below {revision}"
            f" does not know: {ids}{more}. Delete them or give them another kind, then downgrade again"
        )
    online.replace_checks(SESSIONS, COLUMNS, OLDER)
