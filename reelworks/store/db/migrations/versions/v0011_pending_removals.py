"""Removed videos whose files are not all gone yet: ``pending_removals``.

Notes: a new table; nothing is moved.
"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.execute(
        "CREATE TABLE IF NOT EXISTS pending_removals ("
        " video_id TEXT CONSTRAINT pk_pending_removals PRIMARY KEY,"
        " upload_path TEXT,"
        " requested_at TIMESTAMPTZ NOT NULL DEFAULT now())"
    )


def downgrade() -> None:
    """Drop it; files that were owed stay in the store."""
    op.execute("DROP TABLE IF EXISTS pending_removals")
