"""Claims: how dispatchers take pending jobs, attach flow runs and recover jobs of lost runs.

One dispatcher at a time has a job. Times are those of the database's clock. What a flow run does
with its job is in ``reelworks.store.jobs.leases``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, and_, func, or_, select, true, update

from reelworks.domain.jobs.job import Failure, Job, JobStatus, StoredStatus
from reelworks.domain.jobs.lease import CANCEL_PENDING, QUEUED, RUN_LEASES
from reelworks.errors import NoSpaceError
from reelworks.store.db.database import transaction
from reelworks.store.db.schema.jobs import RUNS_CHANNEL
from reelworks.store.db.table_ops import sanitize_text
from reelworks.store.jobs.attempts import (
    REQUEUED,
    Attempt,
    of_attempt,
    seconds_from_now,
    values_of_failure,
)
from reelworks.store.jobs.dispatchers import DISPATCHER_STATE
from reelworks.store.jobs.job_rows import JOBS, job_of
from reelworks.store.jobs.jobs import schedule_webhooks


def claim(
    engine: Engine,
    dispatcher: str,
    seconds: float,
    *,
    limit: int,
    backfill_id: str | None = None,
    group: tuple[str, str] | None = None,
) -> list[Job]:
    """Claim up to ``limit`` pending jobs, by priority and then by age; each for one caller only.

    ``backfill_id`` None claims jobs that belong to no backfill: a backfill has limits of its own.
    ``group`` is a kind and a pool ("" for jobs that name none), None: any.
    """
    due = or_(JOBS.c.not_before.is_(None), JOBS.c.not_before <= func.now())
    of_backfill = (
        JOBS.c.backfill_id.is_(None) if backfill_id is None else JOBS.c.backfill_id == backfill_id
    )
    of_group = (
        true()
        if group is None
        else and_(JOBS.c.kind == group[0], func.coalesce(JOBS.c.pool, "") == group[1])
    )
    first = (
        select(JOBS.c.id)
        .where(JOBS.c.status == StoredStatus.PENDING.value, due, of_backfill, of_group)
        .order_by(JOBS.c.priority.desc(), JOBS.c.created_at, JOBS.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    with transaction(engine) as connection:
        if limit < 1 or connection.scalar(select(DISPATCHER_STATE.c.paused)):
            return []
        taken = (
            update(JOBS)
            .where(JOBS.c.id.in_(first))
            .values(
                status="processing",
                attempts=JOBS.c.attempts + 1,
                lease=dispatcher,
                expires_at=seconds_from_now(seconds),
                flow_run_id=None,
                not_before=None,
                updated_at=func.now(),
            )
        )
        return sorted(map(job_of, connection.execute(taken.returning(JOBS))), key=_urgency)


def _urgency(job: Job) -> tuple[int, Any, str]:
    return -job.priority, job.created_at, job.id


def next_due(engine: Engine) -> float | None:
    """Return in how many seconds the next pending job may start (0: now), None without one."""
    wait = func.min(func.coalesce(JOBS.c.not_before, func.now())) - func.now()
    query = select(wait).where(JOBS.c.status == StoredStatus.PENDING.value)
    with transaction(engine) as connection:
        found: timedelta | None = connection.scalar(query)
    return None if found is None else max(0.0, found.total_seconds())


def attach_run(engine: Engine, attempt: Attempt, flow_run_id: str, seconds: float) -> bool:
    """Record the flow run of an attempt and notify runners of it.

    False when the job has another run or attempt by now.
    """
    values = {"flow_run_id": flow_run_id, "lease": QUEUED, "expires_at": seconds_from_now(seconds)}
    waits = or_(JOBS.c.flow_run_id.is_(None), JOBS.c.flow_run_id == flow_run_id)
    not_begun = JOBS.c.lease.not_like(RUN_LEASES)
    with transaction(engine) as connection:
        mine = and_(of_attempt(attempt), waits)
        connection.execute(update(JOBS).where(mine, not_begun).values(**values))
        connection.execute(select(func.pg_notify(RUNS_CHANNEL, "")))
        known = select(JOBS.c.id).where(of_attempt(attempt), JOBS.c.flow_run_id == flow_run_id)
        return connection.scalar(known) is not None


def claim_expired(engine: Engine, dispatcher: str, seconds: float, *, limit: int) -> list[Job]:
    """Claim processing jobs whose lease has expired, so that their flow runs are inspected."""
    gone = (
        select(JOBS.c.id)
        .where(JOBS.c.status == StoredStatus.PROCESSING.value)
        .where(or_(JOBS.c.expires_at.is_(None), JOBS.c.expires_at < func.now()))
        .order_by(JOBS.c.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    with transaction(engine) as connection:
        values = {"lease": dispatcher, "expires_at": seconds_from_now(seconds)}
        taken = update(JOBS).where(JOBS.c.id.in_(gone)).values(**values)
        return [job_of(row) for row in connection.execute(taken.returning(JOBS))]


def leave_queued(engine: Engine, attempt: Attempt, dispatcher: str, seconds: float) -> None:
    """Let a claimed job keep waiting for its flow run to start."""
    values = {"lease": QUEUED, "expires_at": seconds_from_now(seconds)}
    with transaction(engine) as connection:
        mine = and_(of_attempt(attempt), JOBS.c.lease == dispatcher)
        connection.execute(update(JOBS).where(mine).values(**values))


def defer(engine: Engine, attempt: Attempt, dispatcher: str, seconds: float) -> None:
    """Make a job pending again, not before ``seconds``: no flow run could be created for it.

    The attempt does not count.
    """
    values = {
        "status": "pending",
        "attempts": JOBS.c.attempts - 1,
        "lease": None,
        "expires_at": None,
        "not_before": seconds_from_now(seconds),
    }
    with transaction(engine) as connection:
        mine = and_(of_attempt(attempt), JOBS.c.lease == dispatcher, JOBS.c.flow_run_id.is_(None))
        connection.execute(update(JOBS).where(mine).values(**values))


def requeue(engine: Engine, attempt: Attempt, dispatcher: str) -> bool:
    """Make a job pending again whose run was stopped, or vanished before it did anything.

    For the dispatcher that claimed it with ``claim_expired``. The attempt does not count. Returns
    False when its run has renewed the lease meanwhile.
    """
    with transaction(engine) as connection:
        mine = and_(of_attempt(attempt), JOBS.c.lease == dispatcher)
        return connection.execute(update(JOBS).where(mine).values(**REQUEUED)).rowcount == 1


def give_up(
    engine: Engine, attempt: Attempt, dispatcher: str, failure: Failure, *, most_attempts: int
) -> JobStatus | None:
    """End an attempt whose run is gone, for the dispatcher that claimed it.

    Returns the job's status; None when its run has renewed the lease meanwhile.
    """
    values, status = values_of_failure(attempt, failure, most_attempts)
    with transaction(engine) as connection:
        mine = and_(of_attempt(attempt), JOBS.c.lease == dispatcher)
        done = connection.execute(update(JOBS).where(mine).values(**values))
        if done.rowcount == 0:
            return None
        if status.is_over:
            schedule_webhooks(connection, [attempt.job_id])
    return status


def wake_for_room(engine: Engine) -> int:
    """Make jobs that a full disk stopped due at once; return how many."""
    stopped = and_(
        JOBS.c.status == StoredStatus.PENDING.value,
        JOBS.c.error_code == NoSpaceError.code,
        JOBS.c.not_before > func.now(),
    )
    with transaction(engine) as connection:
        return connection.execute(update(JOBS).where(stopped).values(not_before=None)).rowcount


def cancelled_runs(engine: Engine, *, limit: int) -> list[Job]:
    """Return cancelled jobs whose flow runs have still to be cancelled in Prefect."""
    pending = and_(JOBS.c.status == JobStatus.CANCELLED.value, JOBS.c.lease == CANCEL_PENDING)
    with transaction(engine) as connection:
        rows = connection.execute(select(JOBS).where(pending).order_by(JOBS.c.id).limit(limit))
        return [job_of(row) for row in rows]


def mark_cancel_sent(engine: Engine, job: Job) -> None:
    """Record that a cancelled job's flow run was cancelled in Prefect."""
    mine = and_(JOBS.c.id == job.id, JOBS.c.lease == CANCEL_PENDING)
    with transaction(engine) as connection:
        connection.execute(update(JOBS).where(mine).values(lease=None))


def finish_orphaned(
    engine: Engine, attempt: Attempt, dispatcher: str, status: JobStatus, reason: str | None
) -> bool:
    """Record the end of a run that could not do so itself; False when it continued meanwhile."""
    values = {
        "status": status.value,
        "error": sanitize_text(reason),
        "error_code": "cancelled" if status is JobStatus.CANCELLED else None,
        "lease": None,
        "expires_at": None,
        "ended_at": func.now(),
        "updated_at": func.now(),
    }
    with transaction(engine) as connection:
        mine = and_(of_attempt(attempt), JOBS.c.lease == dispatcher)
        done = connection.execute(update(JOBS).where(mine).values(**values))
        if done.rowcount:
            schedule_webhooks(connection, [attempt.job_id])
        return done.rowcount == 1
