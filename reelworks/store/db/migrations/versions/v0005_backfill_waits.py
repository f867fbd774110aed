"""Which flow runs wait for the end of a backfill, so that a dispatcher can resume them.

Notes: restart the dispatchers after the upgrade; an older one resumes no run.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.execute(
        "CREATE TABLE IF NOT EXISTS backfill_waits ("
        "flow_run_id TEXT NOT NULL, backfill_id TEXT NOT NULL, woken_at TIMESTAMP WITH TIME ZONE,"
        " CONSTRAINT pk_backfill_waits PRIMARY KEY (flow_run_id))"
    )


def downgrade() -> None:
    """Drop it; runs that wait then stay suspended until somebody resumes them in Prefect."""
    op.execute("DROP TABLE IF EXISTS backfill_waits")
