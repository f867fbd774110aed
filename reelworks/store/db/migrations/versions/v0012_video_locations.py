"""A video may be in several libraries, under several names and locations; ids are checked at once.

Notes: the table begins empty, as a video's own library and source are in its row; no older row is
refused. ``ingested_path`` says from which ``original_path`` the stored source came: a row whose
``original_path`` is changed later is indexed from the new one.
"""

from __future__ import annotations

from alembic import op

from reelworks.store.db.schema.library import ID_TRIGGER

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_LOCATIONS = """
CREATE TABLE IF NOT EXISTS video_locations (
    video_id TEXT NOT NULL,
    library TEXT NOT NULL,
    location TEXT NOT NULL,
    title TEXT,
    added_by TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
    CONSTRAINT pk_video_locations PRIMARY KEY (video_id, library, location),
    CONSTRAINT fk_video_locations_video_id_videos
        FOREIGN KEY (video_id) REFERENCES videos (id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS ix_video_locations_library ON video_locations (library, video_id);
"""


def upgrade() -> None:
    """Make the table, the column and the trigger."""
    op.execute(_LOCATIONS)
    op.execute("ALTER TABLE videos ADD COLUMN IF NOT EXISTS ingested_path TEXT")
    op.execute("UPDATE videos SET ingested_path = original_path WHERE upload_path IS NOT NULL")
    op.execute(ID_TRIGGER.replace(":", "\\:"))


def downgrade() -> None:
    """Remove all three; each video stays in its own library only."""
    op.execute("DROP TRIGGER IF EXISTS reelworks_check_video_id ON videos")
    op.execute("DROP FUNCTION IF EXISTS reelworks_check_video_id")
    op.execute("ALTER TABLE videos DROP COLUMN IF EXISTS ingested_path")
    op.execute("DROP TABLE IF EXISTS video_locations")
