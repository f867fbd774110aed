"""The job queue as it stands: what is ahead of a job, what runs, and how long jobs took lately."""

from __future__ import annotations

from sqlalchemy import Engine, and_, extract, func, or_, select

from reelworks.domain.jobs.job import Job, StoredStatus
from reelworks.domain.jobs.outlook import WorkAhead, WorkDone
from reelworks.store.db.database import transaction
from reelworks.store.jobs.job_rows import IS_RUNNING, JOBS, SUBMITTED, VIDEOS
from reelworks.store.jobs.jobs import EVENTS

RECENT = 20
"""Jobs that were done last, by which the next ones are estimated."""
MOST_RUNNING = 200
"""Running jobs that an estimate looks at."""
_WITH_VIDEO = JOBS.outerjoin(VIDEOS, VIDEOS.c.id == JOBS.c.video_id)


def work_ahead(engine: Engine, job: Job) -> WorkAhead:
    """Return the jobs that begin before a queued one, in the order of ``jobs.waiting``."""
    sooner = or_(
        JOBS.c.priority > job.priority,
        and_(
            JOBS.c.priority == job.priority,
            or_(
                JOBS.c.created_at < job.created_at,
                and_(JOBS.c.created_at == job.created_at, JOBS.c.id < job.id),
            ),
        ),
    )
    pending = JOBS.c.status == StoredStatus.PENDING.value
    ahead = and_(SUBMITTED, sooner) if job.lease else or_(SUBMITTED, and_(pending, sooner))
    length = VIDEOS.c.duration_sec
    query = select(func.count(), func.coalesce(func.sum(length), 0.0), func.count(length))
    with transaction(engine) as connection:
        number, durations, known = connection.execute(
            query.select_from(_WITH_VIDEO).where(ahead, JOBS.c.id != job.id)
        ).one()
    return WorkAhead(number, float(durations), known)


def running_jobs(engine: Engine) -> list[tuple[str, float, float | None]]:
    """Return id, seconds since its run began, and length of its video, of each running job."""
    begun = (
        select(func.max(EVENTS.c.at))
        .where(EVENTS.c.job_id == JOBS.c.id, EVENTS.c.status == StoredStatus.PROCESSING.value)
        .scalar_subquery()
    )
    since = func.coalesce(begun, JOBS.c.started_at, func.now())
    elapsed = extract("epoch", func.clock_timestamp() - since)
    query = select(JOBS.c.id, elapsed, VIDEOS.c.duration_sec).select_from(_WITH_VIDEO)
    with transaction(engine) as connection:
        rows = connection.execute(query.where(IS_RUNNING).limit(MOST_RUNNING)).all()
    return [(row[0], max(0.0, float(row[1])), row[2]) for row in rows]


def work_done(engine: Engine, kind: str) -> list[WorkDone]:
    """Return the last jobs of a kind that were done at their first attempt."""
    seconds = extract("epoch", JOBS.c.ended_at - JOBS.c.started_at)
    query = (
        select(seconds, VIDEOS.c.duration_sec)
        .select_from(_WITH_VIDEO)
        .where(
            JOBS.c.status == StoredStatus.DONE.value,
            JOBS.c.kind == kind,
            JOBS.c.attempts == 1,
            JOBS.c.started_at.is_not(None),
        )
        .order_by(JOBS.c.created_at.desc())
        .limit(RECENT)
    )
    with transaction(engine) as connection:
        return [WorkDone(float(row[0]), row[1]) for row in connection.execute(query)]


def duration_of(engine: Engine, video_id: str | None) -> float | None:
    """Return the length of a video in seconds; None where it is not known."""
    query = select(VIDEOS.c.duration_sec).where(VIDEOS.c.id == video_id)
    with transaction(engine) as connection:
        found: float | None = connection.scalar(query)
    return found
