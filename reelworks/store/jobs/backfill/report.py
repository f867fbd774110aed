"""Backfill report, read from the jobs of a backfill."""

from __future__ import annotations

from sqlalchemy import Engine, Row, func, select, text

from reelworks.domain.jobs.backfill import FailedVideo, Report
from reelworks.domain.jobs.job import JobStatus
from reelworks.domain.jobs.usage import add_up, usage_by_model
from reelworks.errors import current_code
from reelworks.store.db.database import transaction
from reelworks.store.jobs.backfill.backfills import get_backfill
from reelworks.store.jobs.job_rows import JOBS, VIDEOS

_STAGES = text(
    "SELECT p.key AS stage, sum((p.value->>'seconds')::float) AS seconds,"
    " count(*) FILTER (WHERE p.value->>'state' IN ('done', 'retried')) AS computed"
    " FROM jobs AS j, jsonb_each(j.progress) AS p WHERE j.backfill_id = :id GROUP BY p.key"
)


def report_of(engine: Engine, backfill_id: str) -> Report:
    """Return a backfill's report as of now. Raises ``UnknownBackfillError``."""
    backfill = get_backfill(engine, backfill_id)
    mine = JOBS.c.backfill_id == backfill_id
    failed = (
        select(JOBS, VIDEOS.c.original_path)
        .outerjoin(VIDEOS, VIDEOS.c.id == JOBS.c.video_id)
        .where(mine, JOBS.c.status == JobStatus.FAILED.value)
        .order_by(JOBS.c.id)
    )
    length = (
        select(func.sum(VIDEOS.c.duration_sec))
        .join(JOBS, VIDEOS.c.id == JOBS.c.video_id)
        .where(mine, JOBS.c.status == JobStatus.DONE.value)
    )
    with transaction(engine) as connection:
        stages = connection.execute(_STAGES, {"id": backfill_id}).all()
        stored = connection.scalars(select(JOBS.c.usage).where(mine, JOBS.c.usage != {}))
        used = [usage_by_model(one) for one in stored]
        failures = tuple(_failure(row) for row in connection.execute(failed))
        hours = (connection.scalar(length) or 0.0) / 3600
    return Report(
        backfill=backfill,
        hours=hours,
        failures=failures,
        stage_seconds={row.stage: row.seconds or 0.0 for row in stages},
        computed={row.stage: row.computed for row in stages},
        usage=add_up(*({model: one.usage for model, one in billed.items()} for billed in used)),
        unpriced=tuple(
            sorted({model for billed in used for model, one in billed.items() if one.cost is None})
        ),
    )


def _failure(row: Row[tuple[object, ...]]) -> FailedVideo:
    return FailedVideo(
        job_id=row.id,
        video_id=row.video_id,
        source=row.params.get("source") or row.original_path,
        stage=row.error_stage,
        code=row.error_code and current_code(row.error_code),
        reason=row.error,
        attempts=row.attempts,
    )
