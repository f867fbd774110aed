"""Sources of jobs: where the file of a job's video is."""

from __future__ import annotations

from sqlalchemy import Engine, Text, and_, cast, literal, select, update

from reelworks.domain.jobs.job import Job, StoredStatus
from reelworks.store.db.database import transaction
from reelworks.store.jobs.job_rows import JOBS, VIDEOS


def source_of(engine: Engine, job: Job, bucket: str) -> str | None:
    """Return the source of a job's video: its upload in the store, or the original path or URL.

    An ``original_path`` that was changed since the upload was stored is a new source. None for a
    job without a video.
    """
    if job.video_id is None:
        return None
    columns = (VIDEOS.c.upload_path, VIDEOS.c.original_path, VIDEOS.c.ingested_path)
    query = select(*columns).where(VIDEOS.c.id == job.video_id)
    with transaction(engine) as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        return None
    is_stored = row.upload_path and row.ingested_path in (None, row.original_path)
    return f"s3://{bucket}/{row.upload_path}" if is_stored else str(row.original_path)


def drop_source(engine: Engine, job_id: str) -> bool:
    """Let a pending job take its video's own source; False when it is not pending any more."""
    waits = and_(JOBS.c.id == job_id, JOBS.c.status == StoredStatus.PENDING.value)
    without = JOBS.c.params.op("-")(cast(literal("source"), Text()))
    with transaction(engine) as connection:
        changed = connection.execute(update(JOBS).where(waits).values(params=without))
        return changed.rowcount == 1
