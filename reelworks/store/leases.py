"""Who works on a job, and for how long unless he says so again.

A job is taken by the intake (``claim``), handed to a flow run, which holds it while it works
(``begin``, ``beat``) and says how it ended (``finish``, ``fail``). The number of the attempt is the
fence: a run that was given up cannot write over the one that took its place. Times are those of
the database's clock. All raise the errors of ``reelworks.store.faults``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, and_, func, or_, select, text, update
from sqlalchemy.sql import ColumnElement

from reelworks.domain.job import Failure, Job, JobStatus
from reelworks.errors import LeaseLostError
from reelworks.store.database import transaction
from reelworks.store.jobs import INTAKE, JOBS, TO_STOP, job_of, owe_webhooks
from reelworks.store.rows import storable

FIRST_WAIT = 5.0
"""Seconds before a failed job's second attempt; each further wait is twice as long."""
LONGEST_WAIT = 600.0
INTAKE_SESSION = "reelworks intake"
"""What PostgreSQL calls the session by which an intake hears of jobs."""
QUEUED = "queue"
"""The lease of a job whose flow run waits for a worker."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One flow run's right to a job."""

    job_id: str
    number: int
    """``attempts`` of the job when the run was created, counted from 1."""
    before: int = 0
    """Attempts that do not count any more, as somebody let the job start anew."""

    @property
    def tries(self) -> int:
        """How many attempts count, this one included."""
        return self.number - self.before


def attempt_of(job: Job) -> Attempt:
    """Return the attempt that a job is at."""
    return Attempt(job.id, job.attempts, job.attempts_before)


@dataclass(frozen=True, slots=True)
class Beat:
    """What a run tells of itself at each heartbeat."""

    progress: Mapping[str, Any]
    usage: Mapping[str, Any]
    cost: Decimal


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
        if limit < 1 or connection.scalar(select(INTAKE.c.paused)):
            return []
        taken = (
            update(JOBS)
            .where(JOBS.c.id.in_(first))
            .values(
                status="processing",
                attempts=JOBS.c.attempts + 1,
                lease=holder,
                expires_at=_in(seconds),
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
    values = {"flow_run_id": flow_run_id, "lease": QUEUED, "expires_at": _in(seconds)}
    waits = or_(JOBS.c.flow_run_id.is_(None), JOBS.c.flow_run_id == flow_run_id)
    not_begun = JOBS.c.lease.not_like("run:%")
    with transaction(engine) as connection:
        held = and_(_of(attempt), waits)
        connection.execute(update(JOBS).where(held, not_begun).values(**values))
        known = select(JOBS.c.id).where(_of(attempt), JOBS.c.flow_run_id == flow_run_id)
        return connection.scalar(known) is not None


def take_expired(engine: Engine, holder: str, seconds: float, *, limit: int) -> list[Job]:
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
        taken = (
            update(JOBS).where(JOBS.c.id.in_(gone)).values(lease=holder, expires_at=_in(seconds))
        )
        return [job_of(row) for row in connection.execute(taken.returning(JOBS))]


def leave_queued(engine: Engine, attempt: Attempt, holder: str, seconds: float) -> None:
    """Let a job that was taken over go on waiting for its flow run to start."""
    values = {"lease": QUEUED, "expires_at": _in(seconds)}
    with transaction(engine) as connection:
        held = and_(_of(attempt), JOBS.c.lease == holder)
        connection.execute(update(JOBS).where(held).values(**values))


def begin(engine: Engine, attempt: Attempt, flow_run_id: str, seconds: float) -> Job:
    """Take the lease as the flow run that does the job, also after a restart of the same run.

    Raises ``LeaseLostError`` when the job is over, belongs to a later attempt, or to a run that
    still shows signs of life.
    """
    mine = f"run:{flow_run_id}"
    free = or_(
        JOBS.c.lease.is_(None),
        JOBS.c.lease.not_like("run:%"),
        JOBS.c.lease == mine,
        JOBS.c.expires_at < func.now(),
    )
    values = {
        "lease": mine,
        "expires_at": _in(seconds),
        "flow_run_id": flow_run_id,
        "started_at": func.coalesce(JOBS.c.started_at, func.now()),
        "updated_at": func.now(),
    }
    with transaction(engine) as connection:
        taken = update(JOBS).where(_of(attempt), free).values(**values).returning(JOBS)
        row = connection.execute(taken).one_or_none()
    if row is None:
        raise LeaseLostError(
            f"The job {attempt.job_id} is over or in other hands; this run stops here."
        )
    return job_of(row)


def beat(engine: Engine, attempt: Attempt, flow_run_id: str, seconds: float, told: Beat) -> None:
    """Say that the run is alive and how far it is. Raises ``LeaseLostError``."""
    values = {
        "expires_at": _in(seconds),
        "progress": storable(told.progress),
        "usage": storable(told.usage),
        "cost": told.cost,
        "updated_at": func.now(),
    }
    with transaction(engine) as connection:
        _require(connection, attempt, flow_run_id, values)


def release(engine: Engine, attempt: Attempt, flow_run_id: str) -> None:
    """Let go of a job as a run that was stopped: the intake looks at once what becomes of it."""
    values = {"lease": QUEUED, "expires_at": func.now(), "updated_at": func.now()}
    with transaction(engine) as connection:
        mine = and_(_of(attempt), JOBS.c.lease == f"run:{flow_run_id}")
        connection.execute(update(JOBS).where(mine).values(**values))


def finish(
    engine: Engine, attempt: Attempt, flow_run_id: str, told: Beat, result: Mapping[str, Any]
) -> None:
    """Say that the job is done. Raises ``LeaseLostError`` when it is another run's by now."""
    values = _last_words(told) | {
        "status": "done",
        "result": storable(result),
        "error": None,
        "error_code": None,
        "error_stage": None,
        "ended_at": func.now(),
    }
    with transaction(engine) as connection:
        _require(connection, attempt, flow_run_id, values)
        owe_webhooks(connection, [attempt.job_id])


def fail(
    engine: Engine,
    attempt: Attempt,
    flow_run_id: str,
    failure: Failure,
    *,
    most_attempts: int,
    told: Beat | None = None,
) -> JobStatus:
    """Say that this try failed; the job waits for its next one when that may help.

    Returns what the job is now. Raises ``LeaseLostError`` when it is another run's by now.
    """
    values, status = _failed(attempt, failure, most_attempts)
    with transaction(engine) as connection:
        _require(connection, attempt, flow_run_id, (_last_words(told) if told else {}) | values)
        if status.is_over:
            owe_webhooks(connection, [attempt.job_id])
    return status


def put_back(engine: Engine, attempt: Attempt, holder: str, seconds: float) -> None:
    """Let a job wait again for which no flow run could be created; the try does not count."""
    values = {
        "status": "pending",
        "attempts": JOBS.c.attempts - 1,
        "lease": None,
        "expires_at": None,
        "not_before": _in(seconds),
    }
    with transaction(engine) as connection:
        held = and_(_of(attempt), JOBS.c.lease == holder, JOBS.c.flow_run_id.is_(None))
        connection.execute(update(JOBS).where(held).values(**values))


def give_up(
    engine: Engine, attempt: Attempt, holder: str, failure: Failure, *, most_attempts: int
) -> JobStatus | None:
    """End a try whose run is gone, as the one who took it over with ``take_expired``.

    Returns what the job is now; None when its run came back to life meanwhile.
    """
    values, status = _failed(attempt, failure, most_attempts)
    with transaction(engine) as connection:
        held = and_(_of(attempt), JOBS.c.lease == holder)
        done = connection.execute(update(JOBS).where(held).values(**values))
        if done.rowcount == 0:
            return None
        if status.is_over:
            owe_webhooks(connection, [attempt.job_id])
    return status


def cancelled_runs(engine: Engine, *, limit: int) -> list[Job]:
    """Return cancelled jobs whose flow runs were not yet told to stop."""
    untold = and_(JOBS.c.status == JobStatus.CANCELLED.value, JOBS.c.lease == TO_STOP)
    with transaction(engine) as connection:
        rows = connection.execute(select(JOBS).where(untold).order_by(JOBS.c.id).limit(limit))
        return [job_of(row) for row in rows]


def note_told(engine: Engine, job: Job) -> None:
    """Note that a cancelled job's flow run was told to stop."""
    told = and_(JOBS.c.id == job.id, JOBS.c.lease == TO_STOP)
    with transaction(engine) as connection:
        connection.execute(update(JOBS).where(told).values(lease=None))


def has_intake(engine: Engine) -> bool:
    """Tell whether an intake listens: without one, jobs wait."""
    query = text("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = :name)")
    with transaction(engine) as connection:
        return connection.scalar(query, {"name": INTAKE_SESSION}) is True


def close(
    engine: Engine, attempt: Attempt, holder: str, status: JobStatus, reason: str | None
) -> bool:
    """Write down how a run ended that could not say so itself; False when it went on meanwhile."""
    values = {
        "status": status.value,
        "error": storable(reason),
        "error_code": "cancelled" if status is JobStatus.CANCELLED else None,
        "lease": None,
        "expires_at": None,
        "ended_at": func.now(),
        "updated_at": func.now(),
    }
    with transaction(engine) as connection:
        held = and_(_of(attempt), JOBS.c.lease == holder)
        done = connection.execute(update(JOBS).where(held).values(**values))
        if done.rowcount:
            owe_webhooks(connection, [attempt.job_id])
        return done.rowcount == 1


def wait_after(attempts: int) -> float:
    """Return how many seconds a job waits after its ``attempts``-th try failed."""
    return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (attempts - 1))


def _failed(
    attempt: Attempt, failure: Failure, most_attempts: int
) -> tuple[dict[str, Any], JobStatus]:
    again = failure.can_pass and attempt.tries < most_attempts
    values = {
        "status": "pending" if again else "failed",
        "error": storable(failure.reason),
        "error_code": failure.code,
        "error_stage": failure.stage,
        "lease": None,
        "expires_at": None,
        "not_before": _in(wait_after(attempt.tries)) if again else None,
        "ended_at": None if again else func.now(),
        "updated_at": func.now(),
    }
    return values, JobStatus.PENDING if again else JobStatus.FAILED


def _last_words(told: Beat) -> dict[str, Any]:
    return {
        "progress": storable(told.progress),
        "usage": storable(told.usage),
        "cost": told.cost,
        "lease": None,
        "expires_at": None,
        "updated_at": func.now(),
    }


def _require(
    connection: Connection, attempt: Attempt, flow_run_id: str, values: Mapping[str, Any]
) -> None:
    mine = and_(_of(attempt), JOBS.c.lease == f"run:{flow_run_id}")
    if connection.execute(update(JOBS).where(mine).values(**values)).rowcount == 0:
        raise LeaseLostError(
            f"The job {attempt.job_id} was cancelled or went to another run; this one stops."
        )


def _of(attempt: Attempt) -> ColumnElement[bool]:
    """The job as this attempt knows it: still being worked on, by no later attempt."""
    return and_(
        JOBS.c.id == attempt.job_id,
        JOBS.c.attempts == attempt.number,
        JOBS.c.status == JobStatus.PROCESSING.value,
    )


def _in(seconds: float) -> ColumnElement[Any]:
    return func.now() + timedelta(seconds=seconds)
