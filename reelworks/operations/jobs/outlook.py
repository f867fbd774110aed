"""Place in the queue and estimated time of a job."""

from __future__ import annotations

from sqlalchemy import Engine

from reelworks.domain.jobs.job import Job, JobStatus
from reelworks.domain.jobs.outlook import JobOutlook, Pace, WorkAhead, WorkRunning
from reelworks.pipeline.spec import STAGES
from reelworks.store.jobs import queue_reads
from reelworks.store.jobs.dispatchers import is_paused


def outlook_of(engine: Engine, job: Job) -> JobOutlook | None:
    """Return what to expect of a job; None when it is over.

    The jobs ahead are reckoned to run as many at once as run now. While the dispatcher is paused
    there is no estimate for a queued job. Raises database errors.
    """
    if job.status.is_over:
        return None
    pace = Pace.of(queue_reads.work_done(engine, job.kind))
    running = queue_reads.running_jobs(engine)
    length = queue_reads.duration_of(engine, job.video_id)
    if job.status is JobStatus.RUNNING:
        elapsed = next((since for job_id, since, _ in running if job_id == job.id), 0.0)
        work = WorkRunning(elapsed, length, share_done(job))
        return JobOutlook(None, None if pace is None else pace.seconds_left(work))
    ahead = queue_reads.work_ahead(engine, job)
    if pace is None or is_paused(engine):
        return JobOutlook(ahead.number + 1, None)
    at_work = [WorkRunning(since, duration) for _, since, duration in running]
    return JobOutlook(ahead.number + 1, _wait(pace, ahead, at_work) + pace.seconds_of(length))


def _wait(pace: Pace, ahead: WorkAhead, at_work: list[WorkRunning]) -> float:
    """Return in how many seconds a job may begin."""
    left = sum(pace.seconds_left(one) or 0.0 for one in at_work)
    return (left + pace.seconds_ahead(ahead)) / max(1, len(at_work))


def share_done(job: Job) -> float:
    """Return how much of a job's stages is done, 0 to 1; 1 for one that is done."""
    if job.status is JobStatus.DONE:
        return 1.0
    done = sum(one.share for one in job.progress.values())
    return round(min(1.0, done / max(len(STAGES), len(job.progress))), 4)
