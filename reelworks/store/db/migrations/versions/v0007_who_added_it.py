"""A video knows which token added it: only that one and admins may point it elsewhere.

Notes: for older videos it is the token whose job came along with the row; of all others nobody
but an admin may change source, library or language.
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and fill it where the first job tells."""
    op.execute("ALTER TABLE videos ADD COLUMN IF NOT EXISTS added_by TEXT")
    op.execute(
        """
        UPDATE videos SET added_by = first.requested_by
        FROM (
            SELECT DISTINCT ON (video_id) video_id, requested_by, created_at
            FROM jobs WHERE backfill_id IS NULL ORDER BY video_id, created_at, id
        ) AS first
        WHERE first.video_id = videos.id AND videos.added_by IS NULL
            AND first.created_at - videos.created_at < INTERVAL '1 minute'
        """
    )


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE videos DROP COLUMN IF EXISTS added_by")
