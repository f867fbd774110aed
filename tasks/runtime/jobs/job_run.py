"""Runs of flows that do job work: everything that they share around their graph."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from prefect.client.schemas.objects import State
from prefect.states import Cancelled

from blocks.connections import current_settings
from blocks.worker_log import worker_log
from reelworks.domain.jobs.job import Job
from reelworks.errors import LeaseLostError
from reelworks.pipeline.run_context import RunContext, open_run_context
from reelworks.settings import Settings
from tasks.runtime.current_run import use_run
from tasks.runtime.jobs.job_lease import JobRef, job_lease
from tasks.runtime.jobs.lease_keeper import JobOutcome
from tasks.runtime.prefect_outage import probe_prefect, restore_prefect_retries

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class JobRun:
    """A flow run and the job that it does, if it does one."""

    ctx: RunContext
    outcome: JobOutcome

    @property
    def job(self) -> Job | None:
        """The job as it was when the run began."""
        return self.outcome.job


LoadSettings = Callable[[], Awaitable[Settings]]


@asynccontextmanager
async def flow_settings(load: LoadSettings = current_settings) -> AsyncIterator[Settings]:
    """Open what every flow run needs: Prefect's retries, the settings and the log.

    At the end the Prefect server is probed, so that Prefect does not wait for one that is away at
    each of its last calls.
    """
    restore_prefect_retries()
    settings = await load()
    with worker_log(settings):
        yield settings
        await probe_prefect()


@asynccontextmanager
async def flow_context(load: LoadSettings = current_settings) -> AsyncIterator[RunContext]:
    """Open ``flow_settings`` and, for a flow that works on videos, a run context."""
    async with flow_settings(load) as settings:
        with open_run_context(settings) as ctx:
            yield ctx


@asynccontextmanager
async def job_context(
    job: JobRef | None, *, recompute: Iterable[str] = (), cached_only: bool = False
) -> AsyncIterator[JobRun]:
    """Open a flow's context, keep its job's lease and make the run known to its tasks.

    Raises ``LeaseLostError`` when the job is another run's or over, at the start or later.
    """
    async with flow_context() as ctx, job_lease(job, ctx) as outcome:
        queued = outcome.job is not None
        with use_run(ctx, recompute, cached_only=cached_only, retried_by_queue=queued):
            yield JobRun(ctx, outcome)


async def run_job(
    job: JobRef | None,
    graph: Callable[[JobRun], Awaitable[Value]],
    *,
    recompute: Iterable[str] = (),
    cached_only: bool = False,
) -> Value | State[Any]:
    """Run a flow's graph in ``job_context``; a lost lease ends the flow run as Cancelled."""
    try:
        async with job_context(job, recompute=recompute, cached_only=cached_only) as run:
            return await graph(run)
    except LeaseLostError as lost:
        return Cancelled(message=str(lost))
