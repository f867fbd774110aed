"""Job leases and heartbeats: what a flow run does with its job.

A dispatcher claims a job (``store.jobs.claims``) and hands it to a flow run, which takes the lease
(``begin``), renews it (``beat``) and writes how the job ended (``finish``, ``fail``). What
decides whose right to the job it is, is in ``store.jobs.attempts``. Times are those of the
database's clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, and_, func, or_, update

from reelworks.domain.jobs.job import Failure, Job, JobStatus
from reelworks.domain.jobs.lease import QUEUED, RUN_LEASES, Lease
from reelworks.domain.jobs.progress import StageProgress
from reelworks.domain.jobs.result import JobResult
from reelworks.domain.jobs.usage import BilledUsage
from reelworks.errors import LeaseLostError
from reelworks.store.db.database import transaction
from reelworks.store.db.table_ops import sanitize_text
from reelworks.store.jobs.attempts import (
    REQUEUED,
    Attempt,
    of_attempt,
    seconds_from_now,
    values_of_failure,
)
from reelworks.store.jobs.job_rows import JOBS, job_of
from reelworks.store.jobs.jobs import schedule_webhooks


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Progress, usage and cost that a run reports with each heartbeat."""

    progress: Mapping[str, StageProgress]
    usage: Mapping[str, BilledUsage]
    cost: Decimal
    """US dollars."""

    def columns(self) -> dict[str, Any]:
        """Return the columns of the job's row that it sets."""
        progress = {stage: one.to_json() for stage, one in self.progress.items()}
        usage = {model: one.to_json() for model, one in self.usage.items()}
        return {
            "progress": sanitize_text(progress),
            "usage": sanitize_text(usage),
            "cost": self.cost,
        }


def begin(engine: Engine, attempt: Attempt, flow_run_id: str, seconds: float) -> Job:
    """Take the lease for a flow run, also after a restart of the same run.

    Raises ``LeaseLostError`` when the job is over, belongs to a later attempt, to another run that
    was created after this one was stopped, or to a run whose lease has not expired.
    """
    mine = Lease.of_run(flow_run_id)
    not_anothers = or_(
        JOBS.c.flow_run_id.is_(None),
        JOBS.c.flow_run_id == flow_run_id,
        JOBS.c.expires_at < func.now(),
    )
    free = or_(
        JOBS.c.lease.is_(None),
        JOBS.c.lease.not_like(RUN_LEASES),
        JOBS.c.lease == mine,
        JOBS.c.expires_at < func.now(),
    )
    values = {
        "lease": mine,
        "expires_at": seconds_from_now(seconds),
        "flow_run_id": flow_run_id,
        "started_at": func.coalesce(JOBS.c.started_at, func.now()),
        "updated_at": func.now(),
    }
    with transaction(engine) as connection:
        taken = (
            update(JOBS)
            .where(of_attempt(attempt), free, not_anothers)
            .values(**values)
            .returning(JOBS)
        )
        row = connection.execute(taken).one_or_none()
    if row is None:
        raise LeaseLostError(
            f"Job {attempt.job_id} has finished or is owned by another run; stopping."
        )
    return job_of(row)


def beat(
    engine: Engine, attempt: Attempt, flow_run_id: str, seconds: float, heartbeat: Heartbeat
) -> None:
    """Renew the lease and store the run's progress. Raises ``LeaseLostError``."""
    renewed = {"expires_at": seconds_from_now(seconds), "updated_at": func.now()}
    values = heartbeat.columns() | renewed
    with transaction(engine) as connection:
        _require(connection, attempt, flow_run_id, values)


def release(engine: Engine, attempt: Attempt, flow_run_id: str) -> bool:
    """Requeue the job of a run that is stopped on purpose; it is pending at once.

    The attempt does not count. Returns False when another run owns the job.
    """
    mine = and_(of_attempt(attempt), JOBS.c.lease == Lease.of_run(flow_run_id))
    with transaction(engine) as connection:
        done = connection.execute(update(JOBS).where(mine).values(**REQUEUED))
    return done.rowcount == 1


def let_go(engine: Engine, attempt: Attempt, flow_run_id: str) -> None:
    """Give up the lease of a run that was cancelled in Prefect.

    The lease expires at once, so that a dispatcher inspects the run and ends the job.
    """
    values = {"lease": QUEUED, "expires_at": func.now(), "updated_at": func.now()}
    mine = and_(of_attempt(attempt), JOBS.c.lease == Lease.of_run(flow_run_id))
    with transaction(engine) as connection:
        connection.execute(update(JOBS).where(mine).values(**values))


def finish(
    engine: Engine,
    attempt: Attempt,
    flow_run_id: str,
    heartbeat: Heartbeat,
    result: JobResult,
) -> None:
    """Mark the job as done. Raises ``LeaseLostError`` when another run owns it."""
    values = _final_columns(heartbeat) | {
        "status": "done",
        "result": sanitize_text(result.to_json()),
        "error": None,
        "error_code": None,
        "error_stage": None,
        "ended_at": func.now(),
    }
    with transaction(engine) as connection:
        _require(connection, attempt, flow_run_id, values)
        schedule_webhooks(connection, [attempt.job_id])


def fail(
    engine: Engine,
    attempt: Attempt,
    flow_run_id: str,
    failure: Failure,
    *,
    most_attempts: int,
    heartbeat: Heartbeat | None = None,
) -> JobStatus:
    """Record a failed attempt; the job is pending again when another attempt may help.

    Returns the job's status. Raises ``LeaseLostError`` when another run owns the job.
    """
    values, status = values_of_failure(attempt, failure, most_attempts)
    with transaction(engine) as connection:
        _require(
            connection,
            attempt,
            flow_run_id,
            (_final_columns(heartbeat) if heartbeat else {}) | values,
        )
        if status.is_over:
            schedule_webhooks(connection, [attempt.job_id])
    return status


def _final_columns(heartbeat: Heartbeat) -> dict[str, Any]:
    return heartbeat.columns() | {"lease": None, "expires_at": None, "updated_at": func.now()}


def _require(
    connection: Connection, attempt: Attempt, flow_run_id: str, values: Mapping[str, Any]
) -> None:
    mine = and_(of_attempt(attempt), JOBS.c.lease == Lease.of_run(flow_run_id))
    if connection.execute(update(JOBS).where(mine).values(**values)).rowcount == 0:
        raise LeaseLostError(
            f"Job {attempt.job_id} was cancelled or is owned by another run; stopping."
        )
