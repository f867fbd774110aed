"""A video remembers which of its audio tracks to transcribe, where somebody said so."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE videos ADD COLUMN IF NOT EXISTS stated_audio_track INTEGER")


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE videos DROP COLUMN IF EXISTS stated_audio_track")
