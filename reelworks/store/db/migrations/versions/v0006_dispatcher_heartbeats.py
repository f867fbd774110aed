"""Dispatchers write a heartbeat, and a job counts how often a stop on purpose requeued it.

Notes: restart dispatchers, runners and workers with the upgrade; an older dispatcher writes no
heartbeat, so `/readyz` calls it missing.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and the column."""
    op.execute(
        "CREATE TABLE IF NOT EXISTS dispatchers ("
        " name TEXT CONSTRAINT pk_dispatchers PRIMARY KEY,"
        " started_at TIMESTAMPTZ NOT NULL DEFAULT now(),"
        " seen_at TIMESTAMPTZ NOT NULL DEFAULT now())"
    )
    op.execute("ALTER TABLE jobs ADD COLUMN IF NOT EXISTS requeues INTEGER NOT NULL DEFAULT 0")


def downgrade() -> None:
    """Drop both."""
    op.execute("DROP TABLE IF EXISTS dispatchers")
    op.execute("ALTER TABLE jobs DROP COLUMN IF EXISTS requeues")
