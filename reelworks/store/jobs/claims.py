"""How the intake takes jobs, hands them to flow runs, and takes back what fell silent.

Each job is taken by one intake at a time. Times are those of the database's clock. All raise the
errors of ``reelworks.store.db.error_mapping``. What a flow run does with its job is in
``reelworks.store.jobs.leases``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, and_, func, or_, select, update

from reelworks.domain.jobs.job import Failure, Job, JobStatus
from reelworks.domain.jobs.lease import CANCEL_PENDING, QUEUED, RUN_LEASES
from reelworks.errors import NoSpaceError
from reelworks.store.db.database import transaction
from reelworks.store.db.table_ops import sanitize_text
from reelworks.store.jobs.jobs import DISPATCHER_STATE, JOBS, job_of, schedule_webhooks
from reelworks.store.jobs.leases import (
    REQUEUED,
    Attempt,
    of_attempt,
    seconds_from_now,
    values_of_failure,
)


def claim(
    engine: Engine, holder: str, seconds: float, *, limit: int, backfill_id: str | None = None
) -> list[Job]:
    """Take up to ``limit`` waiting jobs, the most urgent first; each goes to one caller only.

    ``backfill_id`` None takes jobs that belong to no backfill: a backfill has limits of its own.
    """
    due = or_(JOBS.c.not_before.is_(None), JOBS.c.not_before <= func.now())
    of_backfill = (
        JOBS.c.backfill_id.is_(None) if backfill_id is None else JOBS.c.backfill_id == backfill_id
    )
    first = (
        select(JOBS.c.id)
        .where(JOBS.c.status == JobStatus.PENDING.value, due, of_backfill)
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
                lease=holder,
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
    """Return in how many seconds the next waiting job may start (0: now), None without one."""
    wait = func.min(func.coalesce(JOBS.c.not_before, func.now())) - func.now()
    query = select(wait).where(JOBS.c.status == JobStatus.PENDING.value)
    with transaction(engine) as connection:
        found: timedelta | None = connection.scalar(query)
    return None if found is None else max(0.0, found.total_seconds())


def attach_run(engine: Engine, attempt: Attempt, flow_run_id: str, seconds: float) -> bool:
    """Note which flow run shall do it; False when the job went on without it."""
    values = {"flow_run_id": flow_run_id, "lease": QUEUED, "expires_at": seconds_from_now(seconds)}
    waits = or_(JOBS.c.flow_run_id.is_(None), JOBS.c.flow_run_id == flow_run_id)
    not_begun = JOBS.c.lease.not_like(RUN_LEASES)
    with transaction(engine) as connection:
        held = and_(of_attempt(attempt), waits)
        connection.execute(update(JOBS).where(held, not_begun).values(**values))
        known = select(JOBS.c.id).where(of_attempt(attempt), JOBS.c.flow_run_id == flow_run_id)
        return connection.scalar(known) is not None


def claim_expired(engine: Engine, holder: str, seconds: float, *, limit: int) -> list[Job]:
    """Take over jobs whose holder was not heard of in time, for a look at their flow runs."""
    gone = (
        select(JOBS.c.id)
        .where(JOBS.c.status == JobStatus.PROCESSING.value)
        .where(or_(JOBS.c.expires_at.is_(None), JOBS.c.expires_at < func.now()))
        .order_by(JOBS.c.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    with transaction(engine) as connection:
        values = {"lease": holder, "expires_at": seconds_from_now(seconds)}
        taken = update(JOBS).where(JOBS.c.id.in_(gone)).values(**values)
        return [job_of(row) for row in connection.execute(taken.returning(JOBS))]


def leave_queued(engine: Engine, attempt: Attempt, holder: str, seconds: float) -> None:
    """Let a job that was taken over go on waiting for its flow run to start."""
    values = {"lease": QUEUED, "expires_at": seconds_from_now(seconds)}
    with transaction(engine) as connection:
        held = and_(of_attempt(attempt), JOBS.c.lease == holder)
        connection.execute(update(JOBS).where(held).values(**values))


def defer(engine: Engine, attempt: Attempt, holder: str, seconds: float) -> None:
    """Let a job wait again for which no flow run could be created; the try does not count."""
    values = {
        "status": "pending",
        "attempts": JOBS.c.attempts - 1,
        "lease": None,
        "expires_at": None,
        "not_before": seconds_from_now(seconds),
    }
    with transaction(engine) as connection:
        held = and_(of_attempt(attempt), JOBS.c.lease == holder, JOBS.c.flow_run_id.is_(None))
        connection.execute(update(JOBS).where(held).values(**values))


def requeue(engine: Engine, attempt: Attempt, holder: str) -> bool:
    """Let a job wait again whose run was stopped or vanished before it did anything.

    As the one who took it over with ``take_expired``; the attempt does not count. Returns False
    when its run came back to life meanwhile.
    """
    with transaction(engine) as connection:
        held = and_(of_attempt(attempt), JOBS.c.lease == holder)
        return connection.execute(update(JOBS).where(held).values(**REQUEUED)).rowcount == 1


def give_up(
    engine: Engine, attempt: Attempt, holder: str, failure: Failure, *, most_attempts: int
) -> JobStatus | None:
    """End a try whose run is gone, as the one who took it over with ``take_expired``.

    Returns what the job is now; None when its run came back to life meanwhile.
    """
    values, status = values_of_failure(attempt, failure, most_attempts)
    with transaction(engine) as connection:
        held = and_(of_attempt(attempt), JOBS.c.lease == holder)
        done = connection.execute(update(JOBS).where(held).values(**values))
        if done.rowcount == 0:
            return None
        if status.is_over:
            schedule_webhooks(connection, [attempt.job_id])
    return status


def wake_for_room(engine: Engine) -> int:
    """Let the jobs go on at once that a full disk has stopped; return how many they are."""
    stopped = and_(
        JOBS.c.status == JobStatus.PENDING.value,
        JOBS.c.error_code == NoSpaceError.code,
        JOBS.c.not_before > func.now(),
    )
    with transaction(engine) as connection:
        return connection.execute(update(JOBS).where(stopped).values(not_before=None)).rowcount


def cancelled_runs(engine: Engine, *, limit: int) -> list[Job]:
    """Return cancelled jobs whose flow runs were not yet told to stop."""
    untold = and_(JOBS.c.status == JobStatus.CANCELLED.value, JOBS.c.lease == CANCEL_PENDING)
    with transaction(engine) as connection:
        rows = connection.execute(select(JOBS).where(untold).order_by(JOBS.c.id).limit(limit))
        return [job_of(row) for row in rows]


def mark_cancel_sent(engine: Engine, job: Job) -> None:
    """Note that a cancelled job's flow run was told to stop."""
    told = and_(JOBS.c.id == job.id, JOBS.c.lease == CANCEL_PENDING)
    with transaction(engine) as connection:
        connection.execute(update(JOBS).where(told).values(lease=None))


def finish_orphaned(
    engine: Engine, attempt: Attempt, holder: str, status: JobStatus, reason: str | None
) -> bool:
    """Write down how a run ended that could not say so itself; False when it went on meanwhile."""
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
        held = and_(of_attempt(attempt), JOBS.c.lease == holder)
        done = connection.execute(update(JOBS).where(held).values(**values))
        if done.rowcount:
            schedule_webhooks(connection, [attempt.job_id])
        return done.rowcount == 1
