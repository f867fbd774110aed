"""Response schemas of jobs."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, Self, cast

from pydantic import BaseModel, ConfigDict, Field

from reelworks.app.api.schemas.job_parts import (
    JobError,
    JobResultOut,
    LeaseOut,
    StageProgressOut,
)
from reelworks.app.api.schemas.visibility import visible_events, visible_job
from reelworks.domain.jobs import progress
from reelworks.domain.jobs.job import Job, JobEvent, JobStatus
from reelworks.domain.jobs.outlook import JobOutlook
from reelworks.domain.library.access import Caller
from reelworks.operations.jobs.outlook import share_done
from reelworks.pipeline.spec import STAGES, in_order


class JobOut(BaseModel):
    """A job and its state."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "job-6f3c5b1f3f9a2c70",
                    "kind": "index",
                    "video_id": "talk-3fa2c1d0",
                    "status": "running",
                    "attempts": 1,
                    "priority": 0,
                    "progress": {"vision": {"state": "running", "done": 12, "total": 40}},
                    "cost": 0.0125,
                }
            ]
        }
    )

    id: str
    kind: str
    video_id: str | None
    status: JobStatus
    attempts: int
    requeues: int = Field(description="Stops on purpose that put it back; they are no attempts.")
    lease: LeaseOut | None = Field(
        description="Who has the job: a `dispatcher`, a worker's queue (`queued`), a flow `run`; "
        "`cancel_pending` while the run of a cancelled job is yet to be stopped."
    )
    priority: int
    error: JobError | None = None
    params: dict[str, Any]
    progress: dict[str, StageProgressOut]
    usage: dict[str, Any]
    cost: float = Field(description="US dollars so far.")
    result: JobResultOut
    flow_run_id: str | None
    backfill_id: str | None
    requested_by: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    not_before: datetime | None = Field(description="When the next attempt may start.")
    links: dict[str, str]

    @classmethod
    def of(cls, job: Job, caller: Caller) -> Self:
        """Return a job as a caller may see it."""
        job = visible_job(job, caller)
        failed = job.error is not None
        return cls(
            id=job.id,
            kind=job.kind,
            video_id=job.video_id,
            status=job.status,
            attempts=job.attempts,
            requeues=job.requeues,
            lease=None if job.lease is None else LeaseOut(job.lease.kind.name.lower()),
            priority=job.priority,
            error=JobError(message=job.error or "", code=job.error_code, stage=job.error_stage)
            if failed
            else None,
            params=dict(job.params),
            progress={stage: _progress(stored) for stage, stored in in_order(job.progress).items()},
            usage={model: one.to_json() for model, one in job.usage.items()},
            cost=float(job.cost),
            result=cast(JobResultOut, job.result.to_json()),
            flow_run_id=job.flow_run_id,
            backfill_id=job.backfill_id,
            requested_by=job.requested_by,
            created_at=job.created_at,
            started_at=job.started_at,
            ended_at=job.ended_at,
            not_before=job.not_before,
            links={
                "self": f"/jobs/{job.id}",
                "events": f"/jobs/{job.id}/events",
                "status": f"/status/{job.id}",
                "result": f"/result/{job.id}",
                **({"video": f"/videos/{job.video_id}"} if job.video_id else {}),
            },
        )


def _progress(stored: progress.StageProgress) -> StageProgressOut:
    return StageProgressOut.model_validate(asdict(stored))


class JobEventOut(BaseModel):
    """A change of a job's status."""

    at: datetime
    status: JobStatus
    attempt: int
    note: str | None


_POSITION = "Place in the queue, 1 for the next one; null when the job is not queued."
_SECONDS_LEFT = "A guess of how long the job may still take; null when there is none."


class JobDetail(JobOut):
    """A job, its history and what to expect of it."""

    events: list[JobEventOut]
    position: int | None = Field(None, description=_POSITION)
    seconds_left: float | None = Field(None, description=_SECONDS_LEFT)

    @classmethod
    def with_events(
        cls, job: Job, events: list[JobEvent], caller: Caller, outlook: JobOutlook | None = None
    ) -> Self:
        """Return a job and its history as a caller may see them."""
        history = [
            JobEventOut(at=one.at, status=one.status, attempt=one.attempt, note=one.note)
            for one in visible_events(events, job, caller)
        ]
        return cls(**JobOut.of(job, caller).model_dump(), events=history, **_expected(outlook))


def _expected(outlook: JobOutlook | None) -> dict[str, Any]:
    if outlook is None:
        return {}
    left = outlook.seconds_left
    return {"position": outlook.position, "seconds_left": None if left is None else round(left, 1)}


class JobState(BaseModel):
    """State of a job, in short."""

    job_id: str
    status: JobStatus
    video_id: str | None
    progress: float = Field(ge=0, le=1, description="Share of the stages known so far.")
    stages: dict[str, StageProgressOut]
    error: JobError | None = None
    position: int | None = Field(None, description=_POSITION)
    seconds_left: float | None = Field(None, description=_SECONDS_LEFT)

    @classmethod
    def of(cls, job: Job, caller: Caller, outlook: JobOutlook | None = None) -> Self:
        """Return the short form of a job as a caller may see it."""
        shown = JobOut.of(job, caller)
        return cls(
            job_id=job.id,
            status=job.status,
            video_id=job.video_id,
            progress=share_done(job),
            stages=shown.progress,
            error=shown.error,
            **_expected(outlook),
        )


STAGES_OF_A_RUN = len(STAGES)
"""Of the index flow."""


class FinishedJob(BaseModel):
    """Result of a job that is over."""

    job_id: str
    status: JobStatus
    video_id: str | None
    result: JobResultOut
    error: JobError | None = None
    cost: float
    links: dict[str, str]

    @classmethod
    def of(cls, job: Job, caller: Caller) -> Self:
        """Return the outcome of a job as a caller may see it."""
        shown = JobOut.of(job, caller)
        return cls(
            job_id=job.id,
            status=job.status,
            video_id=job.video_id,
            result=shown.result,
            error=shown.error,
            cost=shown.cost,
            links=shown.links,
        )


class JobList(BaseModel):
    """A page of jobs, the newest first."""

    jobs: list[JobOut]
    next: str | None = Field(
        description="Pass it as `cursor` for the next page; null on the last page."
    )


class Peek(BaseModel):
    """Queued jobs."""

    pending_jobs: int
    jobs: list[JobOut] = Field(description="In the order in which they will start.")


class Changed(BaseModel):
    """Jobs that were changed or added."""

    count: int
    job_ids: list[str]
