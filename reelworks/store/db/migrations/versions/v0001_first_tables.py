"""First tables: videos, jobs, scenes, frames, speech and captions.

Notes: a new database. Tables that are there already stay as they are. The extensions ``vector``
and ``pg_trgm`` must be there; ``reelworks.store.db.database.ensure_schema`` makes them. Vector
indexes are not part of any step: they are made for each model and size when its first vectors
come. ``regconfig`` columns make generated text vectors possible (a cast from text would not be
immutable); their price is that an upgrade of PostgreSQL goes by dump and restore, or by running
the videos again.
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE IF NOT EXISTS videos (
    id TEXT NOT NULL,
    original_path TEXT NOT NULL,
    upload_path TEXT,
    normalized_path TEXT,
    duration_sec DOUBLE PRECISION,
    status TEXT DEFAULT 'pending' NOT NULL,
    error TEXT,
    title TEXT,
    library TEXT DEFAULT 'default' NOT NULL,
    language TEXT,
    digests JSONB DEFAULT '{}'::jsonb NOT NULL,
    probe JSONB DEFAULT '{}'::jsonb NOT NULL,
    warnings JSONB DEFAULT '{}'::jsonb NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    ready_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_videos PRIMARY KEY (id),
    CONSTRAINT ck_videos_status CHECK (status IN ('pending', 'processing', 'ready', 'failed'))
);

CREATE TABLE IF NOT EXISTS jobs (
    id TEXT NOT NULL,
    kind TEXT DEFAULT 'index' NOT NULL,
    video_id TEXT NOT NULL,
    params JSONB DEFAULT '{}'::jsonb NOT NULL,
    status TEXT DEFAULT 'pending' NOT NULL,
    attempts INTEGER DEFAULT '0' NOT NULL,
    error TEXT,
    flow_run_id TEXT,
    lease TEXT,
    expires_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_jobs PRIMARY KEY (id),
    CONSTRAINT ck_jobs_status
        CHECK (status IN ('pending', 'processing', 'done', 'failed', 'cancelled')),
    CONSTRAINT fk_jobs_video_id FOREIGN KEY(video_id) REFERENCES videos (id) ON DELETE CASCADE
);

CREATE INDEX IF NOT EXISTS ix_jobs_status_created_at ON jobs (status, created_at);

CREATE INDEX IF NOT EXISTS ix_jobs_video_id ON jobs (video_id);

CREATE TABLE IF NOT EXISTS scenes (
    t_start DOUBLE PRECISION NOT NULL,
    t_end DOUBLE PRECISION NOT NULL,
    id TEXT NOT NULL,
    model TEXT NOT NULL,
    revision TEXT DEFAULT '' NOT NULL,
    video_id TEXT NOT NULL,
    CONSTRAINT pk_scenes PRIMARY KEY (id),
    CONSTRAINT ck_scenes_times CHECK (t_start <= t_end),
    CONSTRAINT fk_scenes_video_id FOREIGN KEY(video_id) REFERENCES videos (id) ON DELETE CASCADE
);

CREATE INDEX IF NOT EXISTS ix_scenes_video_id ON scenes (video_id);

CREATE TABLE IF NOT EXISTS transcript_segments (
    t_start DOUBLE PRECISION NOT NULL,
    t_end DOUBLE PRECISION NOT NULL,
    text TEXT NOT NULL,
    words JSONB DEFAULT '[]'::jsonb NOT NULL,
    speaker TEXT,
    language TEXT,
    ts_config REGCONFIG DEFAULT 'simple'::regconfig NOT NULL,
    tsv TSVECTOR
        GENERATED ALWAYS AS (
            to_tsvector(ts_config, text) || to_tsvector('simple', text)
        ) STORED NOT NULL,
    id TEXT NOT NULL,
    model TEXT NOT NULL,
    revision TEXT DEFAULT '' NOT NULL,
    video_id TEXT NOT NULL,
    embedding VECTOR,
    embedding_model TEXT,
    CONSTRAINT pk_transcript_segments PRIMARY KEY (id),
    CONSTRAINT ck_transcript_segments_times CHECK (t_start <= t_end),
    CONSTRAINT ck_transcript_segments_embedding_has_model
        CHECK ((embedding IS NULL) = (embedding_model IS NULL)),
    CONSTRAINT fk_transcript_segments_video_id
        FOREIGN KEY(video_id) REFERENCES videos (id) ON DELETE CASCADE
);

CREATE INDEX IF NOT EXISTS ix_transcript_segments_embedding_model
    ON transcript_segments (embedding_model);

CREATE INDEX IF NOT EXISTS ix_transcript_segments_tsv ON transcript_segments USING gin (tsv);

CREATE INDEX IF NOT EXISTS ix_transcript_segments_video_id ON transcript_segments (video_id);

CREATE TABLE IF NOT EXISTS frames (
    scene_id TEXT NOT NULL,
    t DOUBLE PRECISION NOT NULL,
    phash TEXT NOT NULL,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    sharpness DOUBLE PRECISION NOT NULL,
    duplicate_of TEXT,
    id TEXT NOT NULL,
    model TEXT NOT NULL,
    revision TEXT DEFAULT '' NOT NULL,
    video_id TEXT NOT NULL,
    CONSTRAINT pk_frames PRIMARY KEY (id),
    CONSTRAINT fk_frames_scene_id FOREIGN KEY(scene_id) REFERENCES scenes (id) ON DELETE CASCADE,
    CONSTRAINT fk_frames_duplicate_of
        FOREIGN KEY(duplicate_of) REFERENCES frames (id) ON DELETE SET NULL,
    CONSTRAINT fk_frames_video_id FOREIGN KEY(video_id) REFERENCES videos (id) ON DELETE CASCADE
);

CREATE INDEX IF NOT EXISTS ix_frames_duplicate_of ON frames (duplicate_of);

CREATE INDEX IF NOT EXISTS ix_frames_scene_id ON frames (scene_id);

CREATE INDEX IF NOT EXISTS ix_frames_video_id ON frames (video_id);

CREATE TABLE IF NOT EXISTS frame_captions (
    frame_id TEXT NOT NULL,
    caption TEXT,
    entities JSONB DEFAULT '{}'::jsonb NOT NULL,
    seen_text TEXT DEFAULT '' NOT NULL,
    screen_text TEXT DEFAULT '' NOT NULL,
    ts_config REGCONFIG DEFAULT 'simple'::regconfig NOT NULL,
    seen_tsv TSVECTOR
        GENERATED ALWAYS AS (
            to_tsvector('english', seen_text) || to_tsvector('simple', seen_text)
        ) STORED NOT NULL,
    screen_tsv TSVECTOR
        GENERATED ALWAYS AS (
            to_tsvector(ts_config, screen_text) || to_tsvector('simple', screen_text)
        ) STORED NOT NULL,
    id TEXT NOT NULL,
    model TEXT NOT NULL,
    revision TEXT DEFAULT '' NOT NULL,
    video_id TEXT NOT NULL,
    embedding VECTOR,
    embedding_model TEXT,
    CONSTRAINT pk_frame_captions PRIMARY KEY (id),
    CONSTRAINT ck_frame_captions_embedding_has_model
        CHECK ((embedding IS NULL) = (embedding_model IS NULL)),
    CONSTRAINT fk_frame_captions_frame_id
        FOREIGN KEY(frame_id) REFERENCES frames (id) ON DELETE CASCADE,
    CONSTRAINT fk_frame_captions_video_id
        FOREIGN KEY(video_id) REFERENCES videos (id) ON DELETE CASCADE
);

CREATE INDEX IF NOT EXISTS ix_frame_captions_embedding_model ON frame_captions (embedding_model);

CREATE INDEX IF NOT EXISTS ix_frame_captions_frame_id ON frame_captions (frame_id);

CREATE INDEX IF NOT EXISTS ix_frame_captions_screen_text
    ON frame_captions USING gin (screen_text gin_trgm_ops);

CREATE INDEX IF NOT EXISTS ix_frame_captions_screen_tsv ON frame_captions USING gin (screen_tsv);

CREATE INDEX IF NOT EXISTS ix_frame_captions_seen_tsv ON frame_captions USING gin (seen_tsv);

CREATE INDEX IF NOT EXISTS ix_frame_captions_video_id ON frame_captions (video_id)
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(_TABLES)


def downgrade() -> None:
    """Remove the tables with all rows; the artifacts bring them back."""
    op.execute(
        "DROP TABLE frame_captions, frames, transcript_segments, scenes, jobs, videos CASCADE"
    )
