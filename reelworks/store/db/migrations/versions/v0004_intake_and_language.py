"""Dispatchers are notified of work only, jobs page by an index, videos have a stated language.

Notes: restart the dispatchers after the upgrade; an older one only finds new jobs when it polls.
"""

from __future__ import annotations

from alembic import op

from reelworks.store.db.schema.jobs import NOTIFY_TRIGGER

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replace what the trigger does; add the index and the column."""
    op.execute(NOTIFY_TRIGGER)
    op.execute("CREATE INDEX IF NOT EXISTS ix_jobs_newest ON jobs (created_at DESC, id DESC)")
    op.execute("ALTER TABLE videos ADD COLUMN IF NOT EXISTS stated_language TEXT")


def downgrade() -> None:
    """Drop index and column; the trigger of this version also serves the one before."""
    op.execute("DROP INDEX IF EXISTS ix_jobs_newest")
    op.execute("ALTER TABLE videos DROP COLUMN IF EXISTS stated_language")
