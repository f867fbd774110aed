"""Jobs and their events, tokens and idempotency keys, backfills and the sources of libraries.

Notes: jobs of the first release stay as they are; nothing ran them. A job needs a video only where
its kind says so. A trigger records each change of a job's status and notifies listeners.
"""

from __future__ import annotations

from alembic import op

from reelworks.store.db.schema.jobs import NOTIFY_TRIGGER

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BACKFILLS = """
CREATE TABLE IF NOT EXISTS backfills (
    id TEXT NOT NULL,
    selection JSONB DEFAULT '{}'::jsonb NOT NULL,
    limits JSONB DEFAULT '{}'::jsonb NOT NULL,
    plan JSONB DEFAULT '{}'::jsonb NOT NULL,
    status TEXT DEFAULT 'running' NOT NULL,
    reason TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_backfills PRIMARY KEY (id),
    CONSTRAINT ck_backfills_status
        CHECK (status IN ('running', 'paused', 'stopped', 'done', 'cancelled'))
);
"""

_JOBS = """
ALTER TABLE jobs
    ALTER COLUMN video_id DROP NOT NULL,
    ADD COLUMN IF NOT EXISTS attempts_before INTEGER DEFAULT '0' NOT NULL,
    ADD COLUMN IF NOT EXISTS error_code TEXT,
    ADD COLUMN IF NOT EXISTS error_stage TEXT,
    ADD COLUMN IF NOT EXISTS started_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN IF NOT EXISTS ended_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN IF NOT EXISTS not_before TIMESTAMP WITH TIME ZONE,
    ADD COLUMN IF NOT EXISTS pool TEXT,
    ADD COLUMN IF NOT EXISTS priority INTEGER DEFAULT '0' NOT NULL,
    ADD COLUMN IF NOT EXISTS backfill_id TEXT,
    ADD COLUMN IF NOT EXISTS requested_by TEXT,
    ADD COLUMN IF NOT EXISTS progress JSONB DEFAULT '{}'::jsonb NOT NULL,
    ADD COLUMN IF NOT EXISTS usage JSONB DEFAULT '{}'::jsonb NOT NULL,
    ADD COLUMN IF NOT EXISTS cost NUMERIC(14, 6) DEFAULT '0' NOT NULL,
    ADD COLUMN IF NOT EXISTS result JSONB DEFAULT '{}'::jsonb NOT NULL,
    DROP CONSTRAINT IF EXISTS ck_jobs_index_has_video,
    ADD CONSTRAINT ck_jobs_index_has_video CHECK (kind <> 'index' OR video_id IS NOT NULL),
    DROP CONSTRAINT IF EXISTS fk_jobs_backfill_id,
    ADD CONSTRAINT fk_jobs_backfill_id
        FOREIGN KEY (backfill_id) REFERENCES backfills (id) ON DELETE SET NULL;

CREATE INDEX IF NOT EXISTS ix_jobs_waiting ON jobs (priority DESC, created_at, id)
    WHERE status = 'pending';
CREATE INDEX IF NOT EXISTS ix_jobs_leased ON jobs (expires_at) WHERE status = 'processing';
CREATE INDEX IF NOT EXISTS ix_jobs_to_stop ON jobs (id)
    WHERE status = 'cancelled' AND lease IS NOT NULL;
CREATE INDEX IF NOT EXISTS ix_jobs_backfill_id ON jobs (backfill_id, status)
    WHERE backfill_id IS NOT NULL;
"""

_EVENTS = """
CREATE TABLE IF NOT EXISTS job_events (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    job_id TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    status TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    note TEXT,
    CONSTRAINT pk_job_events PRIMARY KEY (id),
    CONSTRAINT fk_job_events_job_id FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS ix_job_events_job_id ON job_events (job_id);
CREATE INDEX IF NOT EXISTS ix_job_events_status_at ON job_events (status, at);

CREATE TABLE IF NOT EXISTS intake (
    id INTEGER NOT NULL,
    paused BOOLEAN NOT NULL,
    note TEXT,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_intake PRIMARY KEY (id),
    CONSTRAINT ck_intake_one CHECK (id = 1)
);

CREATE TABLE IF NOT EXISTS paces (
    name TEXT NOT NULL,
    next_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_paces PRIMARY KEY (name)
);

CREATE TABLE IF NOT EXISTS sources (
    library TEXT NOT NULL,
    locator TEXT NOT NULL,
    root TEXT NOT NULL,
    size BIGINT NOT NULL,
    stamp TEXT NOT NULL,
    sha256 TEXT,
    duration_sec DOUBLE PRECISION,
    video_id TEXT,
    first_seen TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    gone_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_sources PRIMARY KEY (library, locator),
    CONSTRAINT fk_sources_video_id FOREIGN KEY (video_id) REFERENCES videos (id) ON DELETE SET NULL
);
CREATE INDEX IF NOT EXISTS ix_videos_source_digest ON videos ((digests ->> 'source'));
CREATE INDEX IF NOT EXISTS ix_sources_sha256 ON sources (sha256);
CREATE INDEX IF NOT EXISTS ix_sources_video_id ON sources (video_id);
"""

_ACCESS = """
CREATE TABLE IF NOT EXISTS tokens (
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    scopes TEXT[] NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_tokens PRIMARY KEY (name),
    CONSTRAINT uq_tokens_sha256 UNIQUE (sha256),
    CONSTRAINT ck_tokens_scopes CHECK (scopes <@ ARRAY['read', 'submit', 'admin'])
);

CREATE TABLE IF NOT EXISTS requests (
    caller TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status INTEGER,
    answer JSONB,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_requests PRIMARY KEY (caller, key)
);
CREATE INDEX IF NOT EXISTS ix_requests_created_at ON requests (created_at);

CREATE TABLE IF NOT EXISTS deliveries (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    job_id TEXT NOT NULL,
    url TEXT NOT NULL,
    attempts INTEGER DEFAULT '0' NOT NULL,
    next_at TIMESTAMP WITH TIME ZONE,
    delivered_at TIMESTAMP WITH TIME ZONE,
    status INTEGER,
    error TEXT,
    CONSTRAINT pk_deliveries PRIMARY KEY (id),
    CONSTRAINT fk_deliveries_job_id FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS ix_deliveries_job_id ON deliveries (job_id);
CREATE INDEX IF NOT EXISTS ix_deliveries_due ON deliveries (next_at) WHERE next_at IS NOT NULL;
"""


def upgrade() -> None:
    """Make the tables and the trigger."""
    for statements in (_BACKFILLS, _JOBS, _EVENTS, _ACCESS, NOTIFY_TRIGGER):
        op.execute(statements)


def downgrade() -> None:
    """Leave the jobs table as the first release made it; all other tables are lost."""
    op.execute(_DOWN)


_DOWN = """
DROP TRIGGER IF EXISTS reelworks_notify_job ON jobs;
DROP FUNCTION IF EXISTS reelworks_notify_job;
DROP TRIGGER IF EXISTS reelworks_tell_of_job ON jobs;
DROP FUNCTION IF EXISTS reelworks_tell_of_job;
DROP INDEX IF EXISTS ix_videos_source_digest;
DROP TABLE IF EXISTS deliveries, requests, tokens, sources, paces, intake, job_events CASCADE;
DELETE FROM jobs WHERE video_id IS NULL;
ALTER TABLE jobs
    ALTER COLUMN video_id SET NOT NULL,
    DROP COLUMN attempts_before,
    DROP COLUMN error_code,
    DROP COLUMN error_stage,
    DROP COLUMN started_at,
    DROP COLUMN ended_at,
    DROP COLUMN not_before,
    DROP COLUMN pool,
    DROP COLUMN priority,
    DROP COLUMN backfill_id,
    DROP COLUMN requested_by,
    DROP COLUMN progress,
    DROP COLUMN usage,
    DROP COLUMN cost,
    DROP COLUMN result,
    DROP CONSTRAINT ck_jobs_index_has_video;
DROP TABLE IF EXISTS backfills CASCADE;
"""
