"""Jobs as tests queue and claim them."""

from __future__ import annotations

from sqlalchemy import Engine

from reelworks.domain.jobs.job import Job, NewJob
from reelworks.store.jobs import claims
from reelworks.store.jobs.attempts import Attempt
from reelworks.store.jobs.jobs import add_jobs

LONG = 60.0
"""Seconds of a lease that does not expire in a test."""


def put(engine: Engine, *ids: str, **options) -> None:
    add_jobs(engine, [NewJob(one, "v", **options) for one in ids])


def taken(engine: Engine, job_id: str = "j", seconds: float = LONG) -> Attempt:
    """A job that was put in and claimed, and its attempt."""
    put(engine, job_id)
    (job,) = claims.claim(engine, "dispatcher", seconds, limit=1)
    return Attempt(job.id, job.attempts)


def claimed(engine: Engine) -> Job:
    """The one job that waits, as a dispatcher claims it."""
    (job,) = claims.claim(engine, "dispatcher", LONG, limit=1)
    return job
