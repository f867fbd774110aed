"""Jobs: queue one, follow it, retry or cancel it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from reelworks.app.api.http.auth import CurrentCaller, require_scope
from reelworks.app.api.http.idempotency import Idempotent, JobIds, Reply
from reelworks.app.api.http.pagination import page_key_of, page_of
from reelworks.app.api.http.request_context import Context
from reelworks.app.api.schemas.jobs import (
    Changed,
    FinishedJob,
    JobDetail,
    JobList,
    JobOut,
    JobState,
    Peek,
)
from reelworks.app.api.schemas.paths import JobPath
from reelworks.app.api.schemas.queries import JobQuery, PeekQuery
from reelworks.app.api.schemas.requests import (
    CancelMany,
    JobChange,
    NewJobIn,
    Prioritize,
    Rerun,
)
from reelworks.domain.jobs.job import JobSelection, JobStatus
from reelworks.domain.library.access import Scope
from reelworks.errors import BusyError
from reelworks.operations.jobs import control as job_control
from reelworks.operations.jobs.outlook import outlook_of
from reelworks.operations.jobs.requests import submit_job
from reelworks.operations.rerun import rerun_stage
from reelworks.store.jobs import jobs as job_queue

router = APIRouter(tags=["jobs"])
_NO_VIDEO: dict[int | str, dict[str, Any]] = {404: {"description": "No video has this id."}}
_NOT_OVER: dict[int | str, dict[str, Any]] = {409: {"description": "The job is not over."}}


@router.post(
    "/jobs",
    operation_id="create_job",
    responses=_NO_VIDEO,
    status_code=202,
    response_model=JobOut,
    dependencies=[require_scope(Scope.SUBMIT)],
)
def submit(body: NewJobIn, once: Idempotent, caller: CurrentCaller, api: Context) -> JSONResponse:
    """Queue a job for a video; the response comes at once, the work follows."""

    def work(names: JobIds) -> Reply:
        job = submit_job(api.services, caller, body.request(), names.job_id)
        return Reply(202, JobOut.of(job, caller), f"/jobs/{job.id}")

    return once.run(work)


@router.get("/jobs", operation_id="list_jobs", dependencies=[require_scope(Scope.READ)])
def list_jobs(query: Annotated[JobQuery, Query()], api: Context, caller: CurrentCaller) -> JobList:
    """List jobs, the newest first; pages are stable while jobs are added."""
    after = page_key_of(query.cursor)
    found = job_queue.list_jobs(api.engine, query.selection(), limit=query.limit + 1, after=after)
    shown, following = page_of(found, query.limit)
    return JobList(jobs=[JobOut.of(job, caller) for job in shown], next=following)


@router.get("/jobs/peek", operation_id="peek_jobs", dependencies=[require_scope(Scope.READ)])
def peek(query: Annotated[PeekQuery, Query()], api: Context, caller: CurrentCaller) -> Peek:
    """List queued jobs in the order in which they will start."""
    pending = job_queue.count_jobs(api.engine)[JobStatus.QUEUED]
    coming = job_queue.waiting(api.engine, limit=query.limit)
    return Peek(pending_jobs=pending, jobs=[JobOut.of(job, caller) for job in coming])


@router.post(
    "/jobs/retry",
    operation_id="retry_jobs",
    response_model=Changed,
    dependencies=[require_scope(Scope.ADMIN)],
)
def retry_many(
    body: JobChange, once: Idempotent, caller: CurrentCaller, api: Context
) -> JSONResponse:
    """Let failed and cancelled jobs run again with a new count of attempts."""
    selection = body.selection.selection()
    return _changing(once, lambda: _retry(api, caller, selection))


@router.post(
    "/jobs/cancel",
    operation_id="cancel_jobs",
    response_model=Changed,
    dependencies=[require_scope(Scope.ADMIN)],
)
def cancel_many(
    body: CancelMany, once: Idempotent, caller: CurrentCaller, api: Context
) -> JSONResponse:
    """Cancel jobs that are not over."""
    selection = body.selection.selection()
    return _changing(
        once, lambda: job_control.cancel_jobs(api.engine, caller, selection, body.reason)
    )


@router.post(
    "/jobs/priority",
    operation_id="prioritize_jobs",
    response_model=Changed,
    dependencies=[require_scope(Scope.ADMIN)],
)
def prioritize(
    body: Prioritize, once: Idempotent, caller: CurrentCaller, api: Context
) -> JSONResponse:
    """Let queued jobs start sooner (higher) or later."""
    selection = body.selection.selection()
    return _changing(
        once, lambda: job_control.set_priority(api.engine, caller, selection, body.priority)
    )


@router.post(
    "/jobs/rerun",
    operation_id="rerun_stage",
    responses=_NO_VIDEO,
    status_code=202,
    response_model=Changed,
    dependencies=[require_scope(Scope.ADMIN)],
)
def rerun(body: Rerun, once: Idempotent, caller: CurrentCaller, api: Context) -> JSONResponse:
    """Recompute one stage of many videos, and the stages that depend on it."""

    def work(names: JobIds) -> Reply:
        videos = body.videos.selection()
        jobs = rerun_stage(api.engine, caller, body.stage, videos, job_id=names.job_id())
        return Reply(202, Changed(count=len(jobs), job_ids=[job.id for job in jobs]))

    return once.run(work)


@router.get("/jobs/{job_id}", operation_id="get_job", dependencies=[require_scope(Scope.READ)])
def show(job_id: JobPath, api: Context, caller: CurrentCaller) -> JobDetail:
    """Show a job and its history."""
    job = job_queue.get_job(api.engine, job_id)
    events, outlook = job_queue.events_of(api.engine, job_id), outlook_of(api.engine, job)
    return JobDetail.with_events(job, events, caller, outlook)


@router.delete(
    "/jobs/{job_id}", operation_id="cancel_job", dependencies=[require_scope(Scope.SUBMIT)]
)
def cancel(job_id: JobPath, api: Context, caller: CurrentCaller) -> JobOut:
    """Cancel a job; one that is over does not change."""
    job_queue.get_job(api.engine, job_id)  # an unknown id is 404
    job_control.cancel_jobs(api.engine, caller, JobSelection(ids=(job_id,)))
    return JobOut.of(job_queue.get_job(api.engine, job_id), caller)


@router.post(
    "/jobs/{job_id}/retry",
    operation_id="retry_job",
    status_code=202,
    response_model=JobOut,
    dependencies=[require_scope(Scope.SUBMIT)],
)
def retry(job_id: JobPath, once: Idempotent, caller: CurrentCaller, api: Context) -> JSONResponse:
    """Let a failed or cancelled job run again; another one does not change."""

    def work(_: JobIds) -> Reply:
        job_queue.get_job(api.engine, job_id)  # an unknown id is 404
        _retry(api, caller, JobSelection(ids=(job_id,)))
        return Reply(
            202, JobOut.of(job_queue.get_job(api.engine, job_id), caller), f"/jobs/{job_id}"
        )

    return once.run(work)


@router.get(
    "/status/{job_id}", operation_id="get_job_status", dependencies=[require_scope(Scope.READ)]
)
def status(job_id: JobPath, api: Context, caller: CurrentCaller) -> JobState:
    """Show the state of a job, in short."""
    job = job_queue.get_job(api.engine, job_id)
    return JobState.of(job, caller, outlook_of(api.engine, job))


@router.get(
    "/result/{job_id}",
    operation_id="get_job_result",
    responses=_NOT_OVER,
    dependencies=[require_scope(Scope.READ)],
)
def result(job_id: JobPath, api: Context, caller: CurrentCaller) -> FinishedJob:
    """Return the result of a job; 409 while it is not over."""
    job = job_queue.get_job(api.engine, job_id)
    if not job.status.is_over:
        raise BusyError(f"The job {job_id} is {job.status.value}; try again later.", retry_after=2)
    return FinishedJob.of(job, caller)


def _changing(once: Idempotent, change: Callable[[], list[str]]) -> JSONResponse:
    def work(_: JobIds) -> Reply:
        ids = change()
        return Reply(200, Changed(count=len(ids), job_ids=ids))

    return once.run(work)


def _retry(api: Context, caller: CurrentCaller, selection: JobSelection) -> list[str]:
    return job_control.retry_jobs(api.engine, caller, selection, bucket=api.settings.s3.bucket)
