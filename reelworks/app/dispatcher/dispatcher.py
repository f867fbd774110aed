"""One pass of the dispatcher: cancel runs, recover expired leases, recall and start jobs."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from prefect.client.orchestration import PrefectClient
from sqlalchemy import Engine

from reelworks.app.dispatcher.deployments import may_be_deployed_soon
from reelworks.app.dispatcher.heartbeat import DispatcherHeartbeat
from reelworks.app.dispatcher.run_health import RunHealth, RunReport
from reelworks.app.dispatcher.runs import (
    RECALLED,
    create_run,
    inspect_run,
    is_scheduled,
    request_cancellation,
)
from reelworks.app.dispatcher.suspended_runs import resume_suspended
from reelworks.domain.jobs.job import Failure, Job, JobStatus
from reelworks.errors import (
    DeploymentNotFoundError,
    InvalidJobParametersError,
    NoSpaceError,
    ServiceError,
    WorkerLostError,
)
from reelworks.settings import Settings
from reelworks.store.jobs import claims
from reelworks.store.jobs.attempts import attempt_of
from reelworks.store.jobs.backfill.slots import claim_of_backfills
from reelworks.store.jobs.handover import (
    claim_openings,
    jobs_to_recall,
    read_openings,
    recall,
)
from reelworks.store.jobs.job_sources import source_of
from reelworks.store.objects.disk_room import lacks_room

log = logging.getLogger(__name__)
Value = TypeVar("Value")

RECHECK_SECONDS = 2.0
MAX_CONCURRENT_CALLS = 8
"""Calls to the Prefect server at once."""
BATCH = 100
"""Most jobs that a pass recovers or cancels."""


@dataclass
class Dispatcher:
    """A dispatcher process. Several may run; each job is claimed by one."""

    settings: Settings
    engine: Engine
    client: PrefectClient
    holder: str = field(
        default_factory=lambda: f"dispatcher:{platform.node()}:{os.getpid()}:{secrets.token_hex(4)}"
    )
    """The name in the leases that this process takes."""

    heartbeat: DispatcherHeartbeat = field(init=False)
    _disk_was_full: bool = True

    def __post_init__(self) -> None:
        self.heartbeat = DispatcherHeartbeat(self.engine, self.holder, self.settings.data_dir)

    @property
    def lease_seconds(self) -> float:
        """Seconds that a job's lease lasts without a heartbeat."""
        return self.settings.jobs.lease_seconds

    async def run_once(self) -> int:
        """Do one pass; return how many jobs and suspended runs it changed.

        Raises database errors and those of the Prefect server.
        """
        await self.heartbeat.beat()
        cancelled = await self._cancel_runs()
        recovered = await self._recover_expired()
        await self._resume_after_full_disk()
        recalled = await self._recall()
        started = await self._start_pending()
        resumed = await resume_suspended(self.client, self.engine)
        return cancelled + recovered + recalled + started + resumed

    async def _cancel_runs(self) -> int:
        jobs = await in_thread(claims.cancelled_runs, self.engine, limit=BATCH)

        async def cancel(job: Job) -> None:
            await request_cancellation(self.client, job)
            await in_thread(claims.mark_cancel_sent, self.engine, job)

        await self._for_each(jobs, cancel)
        return len(jobs)

    async def _recover_expired(self) -> int:
        jobs = await in_thread(
            claims.claim_expired, self.engine, self.holder, self.lease_seconds, limit=BATCH
        )
        await self._for_each(jobs, self._recover)
        return len(jobs)

    async def _recover(self, job: Job) -> None:
        if job.flow_run_id is None:
            await self._start(job)
            return
        try:
            report = await inspect_run(self.client, job, self.lease_seconds)
        except (ServiceError, asyncio.CancelledError):
            await self._leave_queued(job, 0.0)
            raise
        await self._apply(job, report)

    async def _apply(self, job: Job, report: RunReport) -> None:
        if report.health is RunHealth.WAITING:
            wait = RECHECK_SECONDS if report.recheck_soon else self.lease_seconds
            await self._leave_queued(job, wait)
        elif report.health is RunHealth.REQUEUED:
            log.info("JOB %s requeued: %s", job.id, report.reason)
            await in_thread(claims.requeue, self.engine, attempt_of(job), self.holder)
        elif report.health is RunHealth.LOST:
            log.warning("JOB %s lost its run: %s", job.id, report.reason)
            await self._fail(job, self._failure_of(report.reason))
        else:
            done = report.health is RunHealth.DONE
            status = JobStatus.DONE if done else JobStatus.CANCELLED
            reason = report.reason or None
            await in_thread(
                claims.finish_orphaned, self.engine, attempt_of(job), self.holder, status, reason
            )

    def _failure_of(self, reason: str) -> Failure:
        full = f"{NoSpaceError.__name__}:" in reason  # on a full disk the run could not write it
        code = NoSpaceError.code if full else WorkerLostError.code
        waits = full and lacks_room(self.settings)
        return Failure(reason, code, can_pass=True, waits_for_room=waits)

    async def _resume_after_full_disk(self) -> None:
        full = lacks_room(self.settings)
        if self._disk_was_full and not full:
            resumed = await in_thread(claims.wake_for_room, self.engine)
            if resumed:
                log.info("The disk has free space again: %d jobs resumed.", resumed)
        self._disk_was_full = full

    async def _recall(self) -> int:
        """Take submitted jobs back whose runs have not begun and that should wait."""
        jobs = await in_thread(jobs_to_recall, self.engine, limit=BATCH)
        recalled = []

        async def take_back(job: Job) -> None:
            if await is_scheduled(self.client, job) and await in_thread(recall, self.engine, job):
                recalled.append(job.id)
                log.info("JOB %s: back in the queue", job.id)
                await request_cancellation(self.client, job, RECALLED)

        await self._for_each(jobs, take_back)
        return len(recalled)

    async def _start_pending(self) -> int:
        mine = (self.engine, self.holder, self.lease_seconds)
        openings = await in_thread(read_openings, self.engine, self.settings.jobs.in_flight)
        jobs = await in_thread(claim_openings, *mine, openings)
        jobs += await in_thread(claim_of_backfills, *mine, openings)
        await self._for_each(jobs, self._start)
        return len(jobs)

    async def _start(self, job: Job) -> None:
        """Create the flow run of a claimed job; defer or fail the job where that is impossible."""
        try:
            source = await in_thread(source_of, self.engine, job, self.settings.s3.bucket)
            run_id = await create_run(self.client, job, source)
        except (InvalidJobParametersError, DeploymentNotFoundError) as error:
            if isinstance(error, DeploymentNotFoundError) and may_be_deployed_soon(job):
                attempt = attempt_of(job)
                await in_thread(claims.defer, self.engine, attempt, self.holder, RECHECK_SECONDS)
                return
            await self._fail(job, Failure(str(error), error.code, can_pass=error.retryable))
            return
        except (ServiceError, asyncio.CancelledError):
            await self._leave_queued(job, 0.0)
            raise
        attempt = attempt_of(job)
        if await in_thread(claims.attach_run, self.engine, attempt, run_id, self.lease_seconds):
            log.info("JOB %s: flow run %s, attempt %d", job.id, run_id, job.attempts)

    async def _leave_queued(self, job: Job, seconds: float) -> None:
        await in_thread(claims.leave_queued, self.engine, attempt_of(job), self.holder, seconds)

    async def _fail(self, job: Job, failure: Failure) -> None:
        await in_thread(
            claims.give_up,
            self.engine,
            attempt_of(job),
            self.holder,
            failure,
            most_attempts=self.settings.jobs.max_attempts,
        )

    async def _for_each(
        self, jobs: Iterable[Job], action: Callable[[Job], Awaitable[None]]
    ) -> None:
        """Run ``action`` for every job, some at once; raise the first error when all have ended."""
        semaphore = asyncio.Semaphore(MAX_CONCURRENT_CALLS)

        async def run_one(job: Job) -> None:
            async with semaphore:
                try:
                    await action(job)
                finally:  # also when Prefect does not answer: this process is alive
                    await self.heartbeat.beat()

        outcomes = await asyncio.gather(*map(run_one, jobs), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome


async def in_thread(call: Callable[..., Value], *arguments: object, **keywords: object) -> Value:
    """Run a call that blocks on PostgreSQL in a thread."""
    return await asyncio.to_thread(call, *arguments, **keywords)
