"""The intake's round: take over what is silent, take what waits, hand it to Prefect."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import secrets
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from prefect.client.orchestration import PrefectClient
from sqlalchemy import Engine

from reelworks.app.dispatcher.deployments import may_be_deployed_soon
from reelworks.app.dispatcher.heartbeat import Heartbeat
from reelworks.app.dispatcher.runs import (
    RunHealth,
    RunReport,
    create_run,
    inspect_run,
    request_cancellation,
)
from reelworks.app.dispatcher.suspended_runs import wake_waiting
from reelworks.app.dispatcher.time_limits import finish_soon, impatient_client
from reelworks.app.dispatcher.webhooks import deliver
from reelworks.domain.jobs.job import Failure, Job, JobSelection, JobStatus
from reelworks.errors import (
    DeploymentNotFoundError,
    InvalidJobParametersError,
    NoSpaceError,
    ReelworksError,
    ServiceError,
    WorkerLostError,
)
from reelworks.settings import Settings
from reelworks.store.db.pg_listen import Listener
from reelworks.store.db.schema.jobs import WORK_CHANNEL
from reelworks.store.jobs import claims
from reelworks.store.jobs.backfills import claim_of_backfills
from reelworks.store.jobs.jobs import count_jobs, source_of
from reelworks.store.jobs.leases import attempt_of
from reelworks.store.objects.disk_room import lacks_room

log = logging.getLogger(__name__)
Value = TypeVar("Value")

LOOK_AGAIN = 2.0
UNDER_WAY = JobSelection(statuses=frozenset({JobStatus.PROCESSING}))
"""Counted at every round, by its index; the whole ledger would take longer each day."""
AT_ONCE = 8
"""Calls to the Prefect server at once."""
MOST_TAKEN_OVER = 100
SLOWEST_POLL = 10.0
"""Seconds between two looks when nothing happens, and so between two heartbeats; a notice of
PostgreSQL ends the wait."""


@dataclass
class Dispatcher:
    """One intake process. Several may run; each job is taken by one."""

    settings: Settings
    engine: Engine
    client: PrefectClient
    holder: str = field(
        default_factory=lambda: f"intake:{platform.node()}:{os.getpid()}:{secrets.token_hex(4)}"
    )

    pulse: Heartbeat = field(init=False)
    _was_full: bool = True
    """What the last look at the disk of DATA_DIR said."""

    def __post_init__(self) -> None:
        self.pulse = Heartbeat(self.engine, self.holder, self.settings.data_dir)

    @property
    def lease(self) -> float:
        """Seconds for which a job is held without a word."""
        return self.settings.job_lease_seconds

    async def round(self) -> int:
        """Do once all that is to be done; return how many jobs were touched."""
        await self.pulse.beat()
        stopped = await self._stop_cancelled()
        taken_over = await self._take_over()
        await self._wake()
        started = await self._start_waiting()
        woken = await wake_waiting(self.client, self.engine)
        return stopped + taken_over + started + woken

    async def _stop_cancelled(self) -> int:
        jobs = await _in_thread(claims.cancelled_runs, self.engine, limit=MOST_TAKEN_OVER)

        async def stop(job: Job) -> None:
            await request_cancellation(self.client, job)
            await _in_thread(claims.mark_cancel_sent, self.engine, job)

        await self._all(stop, jobs)
        return len(jobs)

    async def _take_over(self) -> int:
        jobs = await _in_thread(
            claims.claim_expired, self.engine, self.holder, self.lease, limit=MOST_TAKEN_OVER
        )
        await self._all(self._settle, jobs)
        return len(jobs)

    async def _settle(self, job: Job) -> None:
        if job.flow_run_id is None:
            await self._start(job)
            return
        try:
            finding = await inspect_run(self.client, job, self.lease)
        except (ServiceError, asyncio.CancelledError):
            await self._keep(job, 0.0)
            raise
        await self._conclude(job, finding)

    async def _conclude(self, job: Job, finding: RunReport) -> None:
        if finding.verdict is RunHealth.WAITS:
            await self._keep(job, LOOK_AGAIN if finding.soon else self.lease)
        elif finding.verdict is RunHealth.HANDED_BACK:
            log.info("JOB %s waits again: %s", job.id, finding.reason)
            await _in_thread(claims.requeue, self.engine, attempt_of(job), self.holder)
        elif finding.verdict is RunHealth.LOST:
            log.warning("JOB %s lost its run: %s", job.id, finding.reason)
            await self._give_up(job, self._failure_of(finding.reason))
        else:
            done = finding.verdict is RunHealth.DONE
            status = JobStatus.DONE if done else JobStatus.CANCELLED
            reason = finding.reason or None
            await _in_thread(
                claims.finish_orphaned, self.engine, attempt_of(job), self.holder, status, reason
            )

    def _failure_of(self, reason: str) -> Failure:
        full = f"{NoSpaceError.__name__}:" in reason  # it could not even say so
        code = NoSpaceError.code if full else WorkerLostError.code
        waits = full and lacks_room(self.settings)
        return Failure(reason, code, can_pass=True, waits_for_room=waits)

    async def _wake(self) -> None:
        """Let go on what a full disk has stopped, once there is room again."""
        full = lacks_room(self.settings)
        if self._was_full and not full:
            woken = await _in_thread(claims.wake_for_room, self.engine)
            if woken:
                log.info("There is room on the disk again: %d jobs go on.", woken)
        self._was_full = full

    async def _start_waiting(self) -> int:
        under_way = (await _in_thread(count_jobs, self.engine, UNDER_WAY))[JobStatus.PROCESSING]
        free = self.settings.jobs_in_flight - under_way
        jobs = await _in_thread(claims.claim, self.engine, self.holder, self.lease, limit=free)
        free -= len(jobs)
        if free > 0:
            jobs += await _in_thread(
                claim_of_backfills, self.engine, self.holder, self.lease, limit=free
            )
        await self._all(self._start, jobs)
        return len(jobs)

    async def _start(self, job: Job) -> None:
        """Hand a claimed job to Prefect; what cannot be handed over goes back to the ledger."""
        try:
            source = await _in_thread(source_of, self.engine, job, self.settings.s3_bucket)
            run_id = await create_run(self.client, job, source)
        except (InvalidJobParametersError, DeploymentNotFoundError) as error:
            if isinstance(error, DeploymentNotFoundError) and may_be_deployed_soon(job):
                await _in_thread(
                    claims.defer, self.engine, attempt_of(job), self.holder, LOOK_AGAIN
                )
                return
            await self._give_up(job, Failure(str(error), error.code, can_pass=error.retryable))
            return
        except (ServiceError, asyncio.CancelledError):
            await self._keep(job, 0.0)
            raise
        if await _in_thread(claims.attach_run, self.engine, attempt_of(job), run_id, self.lease):
            log.info("JOB %s: flow run %s, attempt %d", job.id, run_id, job.attempts)

    async def _keep(self, job: Job, seconds: float) -> None:
        await _in_thread(claims.leave_queued, self.engine, attempt_of(job), self.holder, seconds)

    async def _give_up(self, job: Job, failure: Failure) -> None:
        await _in_thread(
            claims.give_up,
            self.engine,
            attempt_of(job),
            self.holder,
            failure,
            most_attempts=self.settings.worker_max_attempts,
        )

    async def _all(self, work: Callable[[Job], Awaitable[None]], jobs: Iterable[Job]) -> None:
        """Do it for every job, some at a time; the first error is raised when all have ended."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(job: Job) -> None:
            async with gate:
                try:
                    await work(job)
                finally:  # also where Prefect was silent: this process was not
                    await self.pulse.beat()

        outcomes = await asyncio.gather(*map(one, jobs), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome


async def run_dispatcher(settings: Settings, engine: Engine, stop: asyncio.Event) -> None:
    """Take jobs in until ``stop`` is set; a service that is down is waited for."""
    assert settings.database_url is not None  # noqa: S101 - the engine was made of it
    loop, bell = asyncio.get_running_loop(), asyncio.Event()
    url = settings.database_url.get_secret_value()
    listener = Listener(url, WORK_CHANNEL, lambda _: loop.call_soon_threadsafe(bell.set))
    listener.start()
    stopper = asyncio.ensure_future(stop.wait())
    stopper.add_done_callback(lambda _: bell.set())
    deliveries = asyncio.ensure_future(deliver(settings, engine, stop))
    deliveries.add_done_callback(lambda _: bell.set())
    try:
        async with impatient_client() as client:
            await _rounds(Dispatcher(settings, engine, client), stop, bell, deliveries)
    finally:
        stopper.cancel()
        stop.set()
        await deliveries
        await asyncio.to_thread(listener.stop)


async def _rounds(
    intake: Dispatcher, stop: asyncio.Event, bell: asyncio.Event, beside: asyncio.Future[None]
) -> None:
    """Do one round after another; what goes on ``beside`` them must not end before they do."""
    busy = pause = intake.settings.worker_poll_ms / 1000
    while not stop.is_set():
        bell.clear()
        if beside.done():
            return  # its error is raised where it is awaited: this process ends and is replaced
        try:
            touched = await finish_soon(intake.round(), stop)
        except ReelworksError as error:
            log.warning("The intake waits: %s", error)
            touched = 0
        pause = busy if touched else min(2 * pause, SLOWEST_POLL)
        await _wait(bell, min(pause, await _quiet(intake.engine, intake.settings)))
        if not stop.is_set():
            await asyncio.sleep(min(0.05, busy))  # many notices at once are one
    with suppress(ReelworksError):  # it is forgotten anyway
        await intake.pulse.end()


async def _quiet(engine: Engine, settings: Settings) -> float:
    """Return for how many seconds nothing becomes due by itself."""
    heartbeat = settings.job_lease_seconds / 3
    try:
        due = await _in_thread(claims.next_due, engine)
    except ServiceError:
        return heartbeat
    poll = settings.worker_poll_ms / 1000
    return heartbeat if due is None else min(heartbeat, max(due, poll))


async def _wait(bell: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(bell.wait(), seconds)
    except TimeoutError:
        return


async def _in_thread(work: Callable[..., Value], *arguments: object, **keywords: object) -> Value:
    """Do what waits for PostgreSQL in a thread."""
    return await asyncio.to_thread(work, *arguments, **keywords)
