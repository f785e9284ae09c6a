"""Let the checks of the session kind and its target know `ai_build`.

Drops and recreates `session_kind` and `target_consistency`. A downgrade stops where rows are `ai_build`.

Revision ID: beca7464b6b4
Revises: b3358ba0e48c
"""

from alembic import op
from sqlalchemy import text

from service.store import online
from service.store.adoption import NEWER, OLDER, SESSIONS
from service.store.errors import MigrationError

revision = "beca7464b6b4"
down_revision = "b3358ba0e48c"
branch_labels = None
depends_on = None

AI_BUILD = """
SELECT id, count(*) OVER () AS n FROM l1_walk_sessions WHERE session_kind = 'ai_build' ORDER BY id LIMIT
:limit
"""
NAMED_AT_MOST = 5


def upgrade() -> None:
    online.replace_kind_checks(named(NEWER))


def downgrade() -> None:
    rows = op.get_bind().execute(text(AI_BUILD), {"limit": NAMED_AT_MOST}).all()
    if rows:
        ids = ", ".join(str(row.id) for row in rows)
        more = f" and {rows[0].n - len(rows)} more" if rows[0].n > len(rows) else ""
        raise MigrationError(
            f"walks of the kind ai_build stand in {SESSIONS} ({rows[0].n}), which the form below {revision} does not"
            f" know: {ids}{more}. Delete them or give them another kind, then downgrade again"
        )
    online.replace_kind_checks(named(OLDER))


def named(checks: dict[str, str]) -> dict[str, str]:
    return {f"ck_{SESSIONS}_{name}": check for name, check in checks.items()}
