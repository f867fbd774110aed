"""Attempts of jobs: whose right to a job it is, and what a failed one makes of the job.

The number of the attempt is the fence: a run that was given up cannot write over its successor.
Times are those of the database's clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, func
from sqlalchemy.sql import ColumnElement

from reelworks.domain.jobs.job import Failure, Job, JobStatus, StoredStatus
from reelworks.store.db.table_ops import sanitize_text
from reelworks.store.jobs.job_rows import JOBS

FIRST_WAIT = 5.0
"""Seconds before a failed job's second attempt; each further wait is twice as long."""
FIRST_WAIT_FOR_ROOM = 30.0
LONGEST_WAIT = 600.0
LONGEST_REQUESTED_WAIT = 86400.0
"""Seconds that another server may have a job wait."""
REQUEUED: Mapping[str, Any] = {
    "status": "pending",
    "attempts": JOBS.c.attempts - 1,
    "requeues": JOBS.c.requeues + 1,
    "flow_run_id": None,
    "lease": None,
    "expires_at": None,
    "not_before": None,
    "updated_at": func.now(),
}
"""Columns that make a job pending again without counting the attempt."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One flow run's right to a job."""

    job_id: str
    number: int
    """``attempts`` of the job when the run was created, counted from 1."""
    before: int = 0
    """Attempts before the job was last retried by a user: they do not count."""

    @property
    def tries(self) -> int:
        """How many attempts count, this one included."""
        return self.number - self.before


def attempt_of(job: Job) -> Attempt:
    """Return the attempt that a job is at."""
    return Attempt(job.id, job.attempts, job.attempts_before)


def retry_delay(attempts: int) -> float:
    """Return how many seconds a job waits after its ``attempts``-th attempt failed."""
    return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (attempts - 1))


def disk_full_delay(attempts: int) -> float:
    """Return how many seconds a job waits that a full disk stopped, unless space is freed."""
    return min(LONGEST_WAIT, FIRST_WAIT_FOR_ROOM * 2.0 ** min(attempts - 1, 10))


def values_of_failure(
    attempt: Attempt, failure: Failure, most_attempts: int
) -> tuple[dict[str, Any], JobStatus]:
    """Return the columns of a job after a failed attempt, and its status.

    After a full disk the job waits for free space, and the attempt does not count. A file that
    would not fit on an emptier disk either is a failure like any other.
    """
    full = failure.waits_for_room
    retried = full or (failure.can_pass and attempt.tries < most_attempts)
    wait = disk_full_delay(attempt.number) if full else retry_delay(attempt.tries)
    wait = max(wait, min(failure.retry_after or 0.0, LONGEST_REQUESTED_WAIT))
    values = {
        "status": "pending" if retried else "failed",
        "error": sanitize_text(failure.reason),
        "error_code": failure.code,
        "error_stage": failure.stage,
        "lease": None,
        "expires_at": None,
        "not_before": seconds_from_now(wait) if retried else None,
        "ended_at": None if retried else func.now(),
        "updated_at": func.now(),
    }
    if full:
        values["attempts_before"] = JOBS.c.attempts_before + 1
    return values, JobStatus.QUEUED if retried else JobStatus.FAILED


def of_attempt(attempt: Attempt) -> ColumnElement[bool]:
    """Return the SQL condition that this attempt is the job's current one."""
    return and_(
        JOBS.c.id == attempt.job_id,
        JOBS.c.attempts == attempt.number,
        JOBS.c.status == StoredStatus.PROCESSING.value,
    )


def seconds_from_now(seconds: float) -> ColumnElement[Any]:
    """Return the SQL for a time ``seconds`` from now by the database's clock."""
    return func.now() + timedelta(seconds=seconds)
