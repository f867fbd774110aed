"""Jobs of backfills as tests claim and end them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal

from sqlalchemy import Engine

from reelworks.domain.jobs.backfill import Backfill
from reelworks.domain.jobs.job import Failure, Job
from reelworks.domain.jobs.result import JobResult
from reelworks.domain.jobs.usage import BilledUsage, Usage
from reelworks.store.jobs import leases
from reelworks.store.jobs.attempts import Attempt
from reelworks.store.jobs.backfill.slots import claim_of_backfills
from reelworks.store.jobs.handover import ANY_POOL, Openings
from reelworks.store.jobs.leases import Heartbeat
from tests.support.queued_jobs import LONG

Begin = Callable[..., Backfill]
"""Begins a backfill of so many videos; limits by name."""


def openings(limit: int) -> Openings:
    """Openings for so many jobs that index a video, as where a fleet is busy with as many."""
    return Openings(limit, running=Counter({("index", ANY_POOL): limit}))


def claim(engine: Engine, limit: int = 100) -> list[Job]:
    return claim_of_backfills(engine, "dispatcher", LONG, openings(limit))


def end(engine: Engine, job: Job, *, cost: str = "0", failure: Failure | None = None) -> None:
    attempt, run = Attempt(job.id, job.attempts), f"run-{job.id}"
    leases.begin(engine, attempt, run, LONG)
    message = Heartbeat({}, {"openai/m": BilledUsage(Usage(calls=1), Decimal(cost))}, Decimal(cost))
    if failure:
        leases.fail(engine, attempt, run, failure, most_attempts=1, heartbeat=message)
    else:
        leases.finish(engine, attempt, run, message, JobResult())
