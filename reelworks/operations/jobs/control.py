"""Control of jobs: retry, cancel, set the priority, pause and resume the dispatcher.

Callers change their own jobs, admins any; only admins pause and resume.
"""

from __future__ import annotations

from sqlalchemy import Engine

from reelworks.domain.jobs.job import JobSelection
from reelworks.domain.library.access import Caller
from reelworks.operations.ownership import check_may_retry, check_own_job, require_admin
from reelworks.store.jobs import dispatchers
from reelworks.store.jobs import jobs as job_queue


def retry_jobs(
    engine: Engine, caller: Caller, selection: JobSelection, *, bucket: str
) -> list[str]:
    """Let failed and cancelled jobs run again with a new count of attempts; return their ids.

    ``bucket`` is the library's own, where a job's source may lie. Raises ``ForbiddenError`` and
    database errors.
    """
    check_may_change(engine, caller, selection, bucket=bucket)
    return job_queue.retry_jobs(engine, selection, note=f"Retried by {_name(caller)}.")


def cancel_jobs(
    engine: Engine, caller: Caller, selection: JobSelection, reason: str | None = None
) -> list[str]:
    """Cancel jobs that are not over; return their ids. ``reason`` None: the caller's name.

    Raises ``ForbiddenError`` and database errors.
    """
    check_may_change(engine, caller, selection)
    if reason is None:
        reason = f"Cancelled by {_name(caller)}."
    return job_queue.cancel_jobs(engine, selection, reason=reason)


def set_priority(
    engine: Engine, caller: Caller, selection: JobSelection, priority: int
) -> list[str]:
    """Let queued jobs start sooner (higher) or later; return their ids.

    Raises ``ForbiddenError`` and database errors.
    """
    check_may_change(engine, caller, selection)
    note = f"Priority set to {priority} by {_name(caller)}."
    return job_queue.set_priority(engine, selection, priority, note=note)


def pause_dispatcher(engine: Engine, caller: Caller, *, note: str | None = None) -> None:
    """Let no more jobs start; running ones finish. ``note`` is shown to others.

    Raises ``ForbiddenError`` and database errors.
    """
    require_admin(caller, "pauses and resumes")
    dispatchers.pause_dispatcher(engine, note=note)


def resume_dispatcher(engine: Engine, caller: Caller) -> None:
    """Let queued jobs start again. Raises ``ForbiddenError`` and database errors."""
    require_admin(caller, "pauses and resumes")
    dispatchers.resume_dispatcher(engine)


def _name(caller: Caller) -> str:
    return caller.name or "the local user"


def check_may_change(
    engine: Engine, caller: Caller, selection: JobSelection, *, bucket: str | None = None
) -> None:
    """Raise ``ForbiddenError`` unless the caller may change these jobs.

    With ``bucket``, the library's own: unless the caller may retry them.
    """
    if caller.is_admin:
        return
    if selection.ids is None:
        require_admin(caller, "changes many jobs at once")
    for job in job_queue.list_jobs(engine, selection, limit=len(selection.ids or ())):
        if bucket is not None:
            check_may_retry(engine, caller, job, bucket=bucket)
        check_own_job(job, caller)
