"""Control of jobs: retry, cancel, set the priority. Callers change their own jobs, admins any."""

from __future__ import annotations

from reelworks.domain.jobs.job import JobSelection
from reelworks.domain.library.access import Caller
from reelworks.errors import ForbiddenError
from reelworks.operations.ownership import check_may_retry, check_own_job
from reelworks.operations.services import Services
from reelworks.store.jobs import jobs as job_queue


def retry_jobs(services: Services, caller: Caller, selection: JobSelection) -> list[str]:
    """Let failed and cancelled jobs run again with a new count of attempts; return their ids.

    Raises ``ForbiddenError`` and database errors.
    """
    _authorize(services, caller, selection, retries=True)
    return job_queue.retry_jobs(services.engine, selection)


def cancel_jobs(
    services: Services, caller: Caller, selection: JobSelection, reason: str | None = None
) -> list[str]:
    """Cancel jobs that are not over; return their ids. ``reason`` None: the caller's name.

    Raises ``ForbiddenError`` and database errors.
    """
    _authorize(services, caller, selection)
    if reason is None:
        reason = f"Cancelled by {caller.name}." if caller.name else ""
    return job_queue.cancel_jobs(services.engine, selection, reason=reason)


def set_priority(
    services: Services, caller: Caller, selection: JobSelection, priority: int
) -> list[str]:
    """Let waiting jobs start sooner (higher) or later; return their ids.

    Raises ``ForbiddenError`` and database errors.
    """
    _authorize(services, caller, selection)
    return job_queue.set_priority(services.engine, selection, priority)


def _authorize(
    services: Services, caller: Caller, selection: JobSelection, *, retries: bool = False
) -> None:
    if caller.is_admin:
        return
    if selection.ids is None:
        raise ForbiddenError("The token lacks the scope admin, which changes many jobs at once.")
    for job in job_queue.list_jobs(services.engine, selection, limit=len(selection.ids)):
        if retries:
            check_may_retry(services.engine, caller, job, bucket=services.settings.s3.bucket)
        check_own_job(job, caller)
