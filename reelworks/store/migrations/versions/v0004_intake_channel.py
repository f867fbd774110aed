"""The intake hears of work only, not of each step that a run reports; jobs are paged by an index.

Notes: restart the intake after the upgrade; an older one only finds new jobs when it polls.
"""

from __future__ import annotations

from alembic import op

from reelworks.store.schema.ledger import TELL_OF_JOBS

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replace what the trigger does."""
    op.execute(TELL_OF_JOBS)
    op.execute("CREATE INDEX IF NOT EXISTS ix_jobs_newest ON jobs (created_at DESC, id DESC)")


def downgrade() -> None:
    """Drop the index; the trigger of this version also serves the one before."""
    op.execute("DROP INDEX IF EXISTS ix_jobs_newest")
