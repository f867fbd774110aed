"""Jobs: ask for work, see how it goes, change your mind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from reelworks.app.api.http.auth import CurrentCaller, require_scope
from reelworks.app.api.http.idempotency import Idempotent, JobIds, Reply
from reelworks.app.api.http.pagination import page_of, place_of
from reelworks.app.api.http.request_context import Context
from reelworks.app.api.ownership import check_may_change, check_may_retry, check_own_job
from reelworks.app.api.schemas.jobs import (
    Changed,
    JobDetail,
    JobList,
    JobOut,
    JobResult,
    JobState,
    Peek,
)
from reelworks.app.api.schemas.paths import JobPath
from reelworks.app.api.schemas.queries import JobQuery, PeekQuery
from reelworks.app.api.schemas.requests import (
    CancelMany,
    Change,
    NewJobIn,
    Prioritize,
    Rerun,
    params_of,
)
from reelworks.app.api.source_policy import allowed, check_webhook
from reelworks.domain.jobs.job import JobSelection, JobStatus, NewJob
from reelworks.domain.library.access import Scope
from reelworks.errors import BusyError
from reelworks.operations.rerun import rerun_stage
from reelworks.store.jobs import jobs as ledger
from reelworks.store.library.ownership import VideoWishes

router = APIRouter(tags=["jobs"])


@router.post(
    "/jobs", status_code=202, response_model=JobOut, dependencies=[require_scope(Scope.SUBMIT)]
)
def submit(asked: NewJobIn, once: Idempotent, caller: CurrentCaller, api: Context) -> JSONResponse:
    """Ask for work on a video; the answer comes at once, the work follows."""

    def work(names: JobIds) -> Reply:
        check_webhook(asked.webhook_url, api.settings)
        params = params_of(asked)
        if "source" in params:
            params["source"] = allowed(params["source"], api.settings).locator
        given = asked.params
        wishes = VideoWishes(params.get("source"), given.library, given.language)
        check_may_change(api, caller, asked.video_id, wishes)
        job = NewJob(
            id=names.job_id(),
            video_id=asked.video_id,
            kind=asked.kind,
            params=params,
            priority=asked.priority,
            requested_by=caller.name or None,
            webhook_url=asked.webhook_url,
        )
        (made,) = ledger.add_jobs(api.engine, [job])
        return Reply(202, JobOut.of(made, caller), f"/jobs/{made.id}")

    return once.run(work)


@router.get("/jobs", dependencies=[require_scope(Scope.READ)])
def list_jobs(asked: Annotated[JobQuery, Query()], api: Context, caller: CurrentCaller) -> JobList:
    """List jobs, the newest first; paging is stable while new ones come."""
    after = place_of(asked.cursor)
    found = ledger.list_jobs(api.engine, asked.selection(), limit=asked.limit + 1, after=after)
    shown, following = page_of(found, asked.limit)
    return JobList(jobs=[JobOut.of(job, caller) for job in shown], next=following)


@router.get("/jobs/peek", dependencies=[require_scope(Scope.READ)])
def peek(asked: Annotated[PeekQuery, Query()], api: Context, caller: CurrentCaller) -> Peek:
    """Show what waits, in the order in which it will be taken."""
    pending = ledger.count_jobs(api.engine)[JobStatus.PENDING]
    coming = ledger.waiting(api.engine, limit=asked.limit)
    return Peek(pending_jobs=pending, jobs=[JobOut.of(job, caller) for job in coming])


@router.post("/jobs/retry", response_model=Changed, dependencies=[require_scope(Scope.ADMIN)])
def retry_many(asked: Change, once: Idempotent, api: Context) -> JSONResponse:
    """Let failed and cancelled jobs run again, tries counted anew."""
    return _changing(once, lambda: ledger.retry_jobs(api.engine, asked.selection.selection()))


@router.post("/jobs/cancel", response_model=Changed, dependencies=[require_scope(Scope.ADMIN)])
def cancel_many(asked: CancelMany, once: Idempotent, api: Context) -> JSONResponse:
    """Cancel jobs that are not over."""
    which = asked.selection.selection()
    return _changing(once, lambda: ledger.cancel_jobs(api.engine, which, reason=asked.reason))


@router.post("/jobs/priority", response_model=Changed, dependencies=[require_scope(Scope.ADMIN)])
def prioritize(asked: Prioritize, once: Idempotent, api: Context) -> JSONResponse:
    """Let waiting jobs come sooner (higher) or later."""
    which = asked.selection.selection()
    return _changing(once, lambda: ledger.set_priority(api.engine, which, asked.priority))


@router.post(
    "/jobs/rerun",
    status_code=202,
    response_model=Changed,
    dependencies=[require_scope(Scope.ADMIN)],
)
def rerun(asked: Rerun, once: Idempotent, caller: CurrentCaller, api: Context) -> JSONResponse:
    """Compute one stage of many videos again, and what depends on its answer."""

    def work(names: JobIds) -> Reply:
        jobs = rerun_stage(
            api.engine,
            asked.stage,
            asked.videos.filter(),
            requested_by=caller.name or None,
            name=names.job_id(),
        )
        return Reply(202, Changed(count=len(jobs), job_ids=[job.id for job in jobs]))

    return once.run(work)


@router.get("/jobs/{job_id}", dependencies=[require_scope(Scope.READ)])
def show(job_id: JobPath, api: Context, caller: CurrentCaller) -> JobDetail:
    """Show a job and what became of it so far."""
    job = ledger.get_job(api.engine, job_id)
    return JobDetail.with_events(job, ledger.events_of(api.engine, job_id), caller)


@router.delete("/jobs/{job_id}", dependencies=[require_scope(Scope.SUBMIT)])
def cancel(job_id: JobPath, api: Context, caller: CurrentCaller) -> JobOut:
    """Cancel a job; one that is over stays as it is."""
    check_own_job(ledger.get_job(api.engine, job_id), caller)
    who = f"Cancelled by {caller.name}." if caller.name else ""
    ledger.cancel_jobs(api.engine, JobSelection(ids=(job_id,)), reason=who)
    return JobOut.of(ledger.get_job(api.engine, job_id), caller)


@router.post(
    "/jobs/{job_id}/retry", response_model=JobOut, dependencies=[require_scope(Scope.SUBMIT)]
)
def retry(job_id: JobPath, once: Idempotent, caller: CurrentCaller, api: Context) -> JSONResponse:
    """Let a failed or cancelled job run again; another one stays as it is."""

    def work(_: JobIds) -> Reply:
        check_may_retry(api, caller, ledger.get_job(api.engine, job_id))
        ledger.retry_jobs(api.engine, JobSelection(ids=(job_id,)))
        return Reply(202, JobOut.of(ledger.get_job(api.engine, job_id), caller), f"/jobs/{job_id}")

    return once.run(work)


@router.get("/status/{job_id}", dependencies=[require_scope(Scope.READ)])
def status(job_id: JobPath, api: Context, caller: CurrentCaller) -> JobState:
    """Say how a job stands, in short."""
    return JobState.of(ledger.get_job(api.engine, job_id), caller)


@router.get("/result/{job_id}", dependencies=[require_scope(Scope.READ)])
def result(job_id: JobPath, api: Context, caller: CurrentCaller) -> JobResult:
    """Give what came out of a job; 409 while it is not over."""
    job = ledger.get_job(api.engine, job_id)
    if not job.status.is_over:
        raise BusyError(f"The job {job_id} is {job.status.value}; ask again later.", retry_after=2)
    return JobResult.of(job, caller)


def _changing(once: Idempotent, change: Callable[[], list[str]]) -> JSONResponse:
    def work(_: JobIds) -> Reply:
        ids = change()
        return Reply(200, Changed(count=len(ids), job_ids=ids))

    return once.run(work)
