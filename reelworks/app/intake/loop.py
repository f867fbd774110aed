"""The intake's round: take over what is silent, take what waits, hand it to Prefect."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from prefect.client.orchestration import PrefectClient, get_client
from sqlalchemy import Engine

from reelworks.app.intake.runs import (
    Finding,
    Verdict,
    create_run,
    look_at,
    tell_to_stop,
)
from reelworks.app.intake.waiting import wake_waiting
from reelworks.app.intake.webhooks import deliver_due
from reelworks.domain.disk import is_full
from reelworks.domain.job import Failure, Job, JobSelection, JobStatus
from reelworks.errors import (
    JobRefusedError,
    NoSpaceError,
    NothingDeployedError,
    ReelworksError,
    ServiceError,
    WorkerLostError,
)
from reelworks.settings import Settings
from reelworks.store import claims
from reelworks.store.backfills import claim_of_backfills
from reelworks.store.jobs import count_jobs, source_of
from reelworks.store.leases import attempt_of
from reelworks.store.notices import Listener
from reelworks.store.schema.ledger import WORK_CHANNEL

log = logging.getLogger(__name__)
Value = TypeVar("Value")

DEPLOYED_WITHIN = timedelta(minutes=2)
"""A job so new may wait for a deployment that is about to be made, as ``reelworks up`` does."""
LOOK_AGAIN = 2.0
UNDER_WAY = JobSelection(statuses=frozenset({JobStatus.PROCESSING}))
"""Counted at every round, by its index; the whole ledger would take longer each day."""
AT_ONCE = 8
"""Calls to the Prefect server at once."""
MOST_TAKEN_OVER = 100
SLOWEST_POLL = 30.0
"""Seconds between two looks when nothing happens; a notice of PostgreSQL ends the wait."""


@dataclass
class Intake:
    """One intake process. Several may run; each job is taken by one."""

    settings: Settings
    engine: Engine
    client: PrefectClient
    holder: str = field(
        default_factory=lambda: f"intake:{platform.node()}:{os.getpid()}:{secrets.token_hex(4)}"
    )

    _was_full: bool = True
    """What the last look at the disk of DATA_DIR said."""

    @property
    def lease(self) -> float:
        """Seconds for which a job is held without a word."""
        return self.settings.job_lease_seconds

    async def round(self) -> int:
        """Do once all that is to be done; return how many jobs were touched."""
        stopped = await self._stop_cancelled()
        taken_over = await self._take_over()
        await self._wake()
        started = await self._start_waiting()
        woken = await wake_waiting(self.client, self.engine)
        return stopped + taken_over + started + woken

    async def _stop_cancelled(self) -> int:
        jobs = await _off(claims.cancelled_runs, self.engine, limit=MOST_TAKEN_OVER)

        async def stop(job: Job) -> None:
            await tell_to_stop(self.client, job)
            await _off(claims.note_told, self.engine, job)

        await _all(stop, jobs)
        return len(jobs)

    async def _take_over(self) -> int:
        jobs = await _off(
            claims.take_expired, self.engine, self.holder, self.lease, limit=MOST_TAKEN_OVER
        )
        await _all(self._settle, jobs)
        return len(jobs)

    async def _settle(self, job: Job) -> None:
        if job.flow_run_id is None:
            await self._start(job)
            return
        try:
            finding = await look_at(self.client, job, self.lease)
        except ServiceError:
            await self._keep(job, 0.0)
            raise
        await self._conclude(job, finding)

    async def _conclude(self, job: Job, finding: Finding) -> None:
        if finding.verdict is Verdict.WAITS:
            await self._keep(job, self.lease)
        elif finding.verdict is Verdict.LOST:
            log.warning("JOB %s lost its run: %s", job.id, finding.reason)
            full = f"{NoSpaceError.__name__}:" in finding.reason  # it could not even say so
            code = NoSpaceError.code if full else WorkerLostError.code
            await self._give_up(job, Failure(finding.reason, code, can_pass=True))
        else:
            done = finding.verdict is Verdict.DONE
            status = JobStatus.DONE if done else JobStatus.CANCELLED
            reason = finding.reason or None
            await _off(claims.close, self.engine, attempt_of(job), self.holder, status, reason)

    async def _wake(self) -> None:
        """Let go on what a full disk has stopped, once there is room again."""
        full = is_full(self.settings.data_dir)
        if self._was_full and not full:
            woken = await _off(claims.wake_for_room, self.engine)
            if woken:
                log.info("There is room on the disk again: %d jobs go on.", woken)
        self._was_full = full

    async def _start_waiting(self) -> int:
        under_way = (await _off(count_jobs, self.engine, UNDER_WAY))[JobStatus.PROCESSING]
        free = self.settings.jobs_in_flight - under_way
        jobs = await _off(claims.claim, self.engine, self.holder, self.lease, limit=free)
        free -= len(jobs)
        if free > 0:
            jobs += await _off(claim_of_backfills, self.engine, self.holder, self.lease, limit=free)
        await _all(self._start, jobs)
        return len(jobs)

    async def _start(self, job: Job) -> None:
        """Hand a claimed job to Prefect; what cannot be handed over goes back to the ledger."""
        try:
            source = await _off(source_of, self.engine, job, self.settings.s3_bucket)
            run_id = await create_run(self.client, job, source)
        except (JobRefusedError, NothingDeployedError) as error:
            if isinstance(error, NothingDeployedError) and _is_new(job):
                await _off(claims.put_back, self.engine, attempt_of(job), self.holder, LOOK_AGAIN)
                return
            await self._give_up(job, Failure(str(error), error.code, can_pass=error.retryable))
            return
        except ServiceError:
            await self._keep(job, 0.0)
            raise
        if await _off(claims.attach_run, self.engine, attempt_of(job), run_id, self.lease):
            log.info("JOB %s: flow run %s, attempt %d", job.id, run_id, job.attempts)

    async def _keep(self, job: Job, seconds: float) -> None:
        await _off(claims.leave_queued, self.engine, attempt_of(job), self.holder, seconds)

    async def _give_up(self, job: Job, failure: Failure) -> None:
        await _off(
            claims.give_up,
            self.engine,
            attempt_of(job),
            self.holder,
            failure,
            most_attempts=self.settings.worker_max_attempts,
        )


def _is_new(job: Job) -> bool:
    return datetime.now(UTC) - job.created_at < DEPLOYED_WITHIN


async def deliver(settings: Settings, engine: Engine, stop: asyncio.Event) -> None:
    """Make the webhook calls that are due until ``stop`` is set; a slow receiver delays no job."""
    pause = settings.worker_poll_ms / 1000
    while not stop.is_set():
        try:
            made = await _off(deliver_due, engine, settings)
        except ReelworksError as error:
            log.warning("Webhooks wait: %s", error)
            made = 0
        if not made:
            await _wait(stop, pause)


async def take_in(settings: Settings, engine: Engine, stop: asyncio.Event) -> None:
    """Take jobs in until ``stop`` is set; a service that is down is waited for."""
    assert settings.database_url is not None  # noqa: S101 - the engine was made of it
    loop, bell = asyncio.get_running_loop(), asyncio.Event()
    url = settings.database_url.get_secret_value()
    listener = Listener(
        url, WORK_CHANNEL, lambda _: loop.call_soon_threadsafe(bell.set), name=claims.INTAKE_SESSION
    )
    listener.start()
    stopper = asyncio.ensure_future(stop.wait())
    stopper.add_done_callback(lambda _: bell.set())
    deliveries = asyncio.ensure_future(deliver(settings, engine, stop))
    busy = settings.worker_poll_ms / 1000
    pause = busy
    try:
        async with get_client() as client:
            intake = Intake(settings, engine, client)
            while not stop.is_set():
                bell.clear()
                try:
                    touched = await intake.round()
                except ReelworksError as error:
                    log.warning("The intake waits: %s", error)
                    touched = 0
                pause = busy if touched else min(2 * pause, SLOWEST_POLL)
                await _wait(bell, min(pause, await _quiet(engine, settings)))
                if not stop.is_set():
                    await asyncio.sleep(min(0.05, busy))  # many notices at once are one
    finally:
        stopper.cancel()
        stop.set()
        await deliveries
        await asyncio.to_thread(listener.stop)


async def _quiet(engine: Engine, settings: Settings) -> float:
    """Return for how many seconds nothing becomes due by itself."""
    heartbeat = settings.job_lease_seconds / 3
    try:
        due = await _off(claims.next_due, engine)
    except ServiceError:
        return heartbeat
    poll = settings.worker_poll_ms / 1000
    return heartbeat if due is None else min(heartbeat, max(due, poll))


async def _wait(bell: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(bell.wait(), seconds)
    except TimeoutError:
        return


async def _all(work: Callable[[Job], Awaitable[None]], jobs: Iterable[Job]) -> None:
    """Do it for every job, some at a time; the first error is raised when all have ended."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(job: Job) -> None:
        async with gate:
            await work(job)

    outcomes = await asyncio.gather(*map(one, jobs), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome


async def _off(work: Callable[..., Value], *arguments: object, **keywords: object) -> Value:
    """Do what waits for PostgreSQL in a thread."""
    return await asyncio.to_thread(work, *arguments, **keywords)
