"""A flow run that does a job of the ledger: it holds the lease, and says how it goes and ends."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from anyio import CancelScope
from prefect.runtime import flow_run
from pydantic import BaseModel, Field

from reelworks.domain.jobs.job import Job, JobStatus
from reelworks.domain.jobs.progress import StageProgress
from reelworks.domain.jobs.report import Observer, StageReport, StageState
from reelworks.domain.jobs.usage import Meter, counting
from reelworks.errors import (
    LeaseLostError,
    ReelworksError,
    ServiceError,
    UnknownJobError,
)
from reelworks.pipeline.run_context import RunContext
from reelworks.providers.billing.bill import Bill
from reelworks.providers.billing.prices import Prices
from reelworks.store.jobs import leases
from reelworks.store.jobs.backfills import calls_per_minute
from reelworks.store.jobs.jobs import get_job
from reelworks.store.jobs.leases import Attempt, Heartbeat, attempt_of
from tasks.runtime.current_run import current_observer, paced, use_observer
from tasks.runtime.run_endings import failure_of, must_have_room, was_cancelled
from tasks.runtime.stage_runner import reason_of

log = logging.getLogger("video_worker")

BEATS_IN_LEASE = 3
"""A run says three times in a lease that it is alive: two may be lost."""
QUICKEST_TELL = 1.0
"""Seconds between two heartbeats while there is something new to tell."""


class JobRef(BaseModel):
    """The job that a run does. The intake fills it in."""

    id: str = Field(title="Job")
    attempt: int = Field(title="Attempt", ge=1)


@dataclass
class Progress(Observer):
    """How far each stage of a job is, for those who look at the ledger."""

    behind: Observer
    """Who else watches the run."""
    stages: dict[str, dict[str, Any]] = field(default_factory=dict)
    changed: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def started(self, stage: str) -> None:
        """Learn that a stage begins."""
        self._note(stage, state="running", done=0.0, total=0.0)
        self.behind.started(stage)

    def placed(self, stage: str, where: str) -> None:
        """Learn where a stage runs, or what it waits for."""
        self._note(stage, note=where)
        self.behind.placed(stage, where)

    def advanced(self, stage: str, done: float, total: float) -> None:
        """Learn how far a stage is."""
        self._note(stage, done=done, total=total)
        self.behind.advanced(stage, done, total)

    def finished(self, report: StageReport) -> None:
        """Learn how a stage ended."""
        notes = [*report.warnings, *filter(None, [report.reason])]
        self._note(
            report.stage,
            state=report.state.value,
            seconds=round(report.seconds, 3),
            items=report.items,
            unit=report.unit,
            model=report.model,
            note=" ".join(notes) or None,
        )
        self.behind.finished(report)

    def snapshot(self) -> dict[str, StageProgress]:
        """Return what is known now."""
        self.changed.clear()
        with self._lock:
            return {stage: StageProgress.from_json(one) for stage, one in self.stages.items()}

    @property
    def failed_stage(self) -> str | None:
        """The stage that was given up, if one was."""
        with self._lock:
            failed = StageState.FAILED.value
            return next((one for one, told in self.stages.items() if told["state"] == failed), None)

    def _note(self, stage: str, **told: Any) -> None:
        with self._lock:
            self.stages[stage] = self.stages.get(stage, {"state": "running"}) | told
        self.changed.set()


@dataclass
class JobOutcome:
    """What a flow run does for the ledger; without a job it does nothing."""

    result: dict[str, Any] = field(default_factory=dict)
    """What the job's row says of its outcome."""
    job: Job | None = None
    """As it was when the run took it; its parameters may hold what Prefect must not keep."""
    taken_over: bool = False
    """True once another run has the job: this one must not write any more."""


@asynccontextmanager
async def job_lease(job: JobRef | None, ctx: RunContext) -> AsyncIterator[JobOutcome]:
    """Hold a job while the body does it, and write down how that ends.

    The lease is renewed by a thread, which also carries the stages' progress to the ledger. When
    it is lost (somebody cancelled the job, or this process was silent so long that another one
    took over), the body is cancelled. Raises ``LeaseLostError`` for that, and what the body raises.
    """
    if job is None:
        yield JobOutcome()
        return
    heart = LeaseKeeper(
        Attempt(job.id, job.attempt), str(flow_run.id), ctx, Progress(current_observer())
    )
    await asyncio.to_thread(heart.begin)
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None  # noqa: S101 - a flow runs in a task
    heart.beat_until_stopped(lambda: loop.call_soon_threadsafe(task.cancel))
    try:
        rate = await asyncio.to_thread(heart.own_rate)
        pace = paced(ctx, lambda _: rate, of=f"{heart.backfill_id} ")
        must_have_room(ctx.settings)
        with use_observer(heart.progress), counting(heart.meter), pace:
            yield heart.work
    except (Exception, asyncio.CancelledError) as error:
        await _end_badly(heart, error, task)
        raise
    else:
        await asyncio.to_thread(heart.stop)
        await asyncio.to_thread(heart.finish)
    finally:
        heart.stop()


async def _end_badly(heart: LeaseKeeper, error: BaseException, task: asyncio.Task[object]) -> None:
    """Write down how the run ended; raises why it had to stop when it was stopped by us."""
    with CancelScope(shield=True):
        await asyncio.to_thread(heart.stop)
        if heart.lost is not None:
            task.uncancel()
            raise heart.lost from None
        if isinstance(error, asyncio.CancelledError):  # this process is told to stop
            by_user = await was_cancelled(heart.run_id)
            await asyncio.to_thread(heart.let_go if by_user else heart.release)
        else:
            await asyncio.to_thread(heart.fail, error)


class LeaseKeeper:
    """Keeps the lease of one run."""

    def __init__(self, attempt: Attempt, run_id: str, ctx: RunContext, progress: Progress) -> None:
        self.progress = progress
        self.meter = Meter(progress.changed.set)
        self.lost: ReelworksError | None = None
        self.work = JobOutcome()
        self._attempt = attempt
        self.run_id = run_id
        self._place = ctx
        self._engine = ctx.engine
        self._seconds = ctx.settings.job_lease_seconds
        self._most_attempts = ctx.settings.worker_max_attempts
        self._prices = Prices.of_settings(ctx.settings.model_prices)
        self._before: Job | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._cancel: Callable[[], object] = lambda: None

    def begin(self) -> None:
        """Take the lease. Raises ``LeaseLostError``."""
        self._before = leases.begin(self._engine, self._attempt, self.run_id, self._seconds)
        self._attempt = attempt_of(self._before)
        self.work.job = self._before

    @property
    def backfill_id(self) -> str | None:
        """The backfill that the job belongs to."""
        return self._before.backfill_id if self._before else None

    def own_rate(self) -> int | None:
        """Return how many calls a minute to each provider the job's backfill may make."""
        return calls_per_minute(self._engine, self.backfill_id) if self.backfill_id else None

    def beat_until_stopped(self, cancel: Callable[[], object]) -> None:
        """Start the thread; ``cancel`` is called from it once the lease is lost."""
        self._cancel = cancel
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def release(self) -> None:
        """Give the job back to the queue: this run is stopped, and the attempt does not count."""
        if leases.release(self._engine, self._attempt, self.run_id):
            log.info("JOB %s goes back to the queue", self._attempt.job_id)

    def let_go(self) -> None:
        """Leave the job to the intake: its run was cancelled in Prefect, and so is the job."""
        leases.let_go(self._engine, self._attempt, self.run_id)
        log.info("JOB %s: its run was cancelled in Prefect", self._attempt.job_id)

    def finish(self) -> None:
        """Say that the job is done."""
        told = self._told()
        leases.finish(self._engine, self._attempt, self.run_id, told, self.work.result)

    def fail(self, error: BaseException) -> None:
        """Say that this try failed."""
        failure = failure_of(error, self.progress.failed_stage, self._place)
        status = leases.fail(
            self._engine,
            self._attempt,
            self.run_id,
            failure,
            most_attempts=self._most_attempts,
            heartbeat=self._told(),
        )
        log.info("JOB %s is %s: %s", self._attempt.job_id, status.value, failure.reason)

    def _told(self) -> Heartbeat:
        before = self._before
        assert before is not None  # noqa: S101 - begin() comes first
        progress = self.progress.snapshot()
        bill = Bill(self._prices, before.usage, before.cost)
        return Heartbeat(progress, *bill.charge(self.meter.total()))

    def _beat(self) -> None:
        try:
            self._renew()
        except Exception as error:  # a run without heartbeat must not go on
            log.exception("The heartbeat of the job %s ended", self._attempt.job_id)
            self._lose(ServiceError(f"The heartbeat of the job ended: {reason_of(error)}"))

    def _renew(self) -> None:
        quiet = self._seconds / BEATS_IN_LEASE
        last = time.monotonic()
        while True:
            self._stop.wait(min(QUICKEST_TELL, quiet))
            if self._stop.is_set():
                return
            since = time.monotonic() - last
            if not self.progress.changed.is_set() and since < quiet:
                continue
            try:
                leases.beat(self._engine, self._attempt, self.run_id, self._seconds, self._told())
                last = time.monotonic()
            except LeaseLostError as error:
                self._lose(error)
                return
            except ReelworksError as error:
                log.warning("The job %s was not renewed: %s", self._attempt.job_id, error)
                if since > self._seconds:  # somebody else may have taken the job by now
                    self._lose(error)
                    return

    def _lose(self, error: ReelworksError) -> None:
        wish = self._wish() if isinstance(error, LeaseLostError) else None
        self.lost = LeaseLostError(wish) if wish else error
        self.work.taken_over = wish is None
        log.warning("%s", self.lost)
        self._cancel()

    def _wish(self) -> str | None:
        """Say that somebody wanted the job to end, if that is why the lease is lost."""
        try:
            job = get_job(self._engine, self._attempt.job_id)
        except UnknownJobError:
            return f"The job {self._attempt.job_id} was deleted."
        if job.status is JobStatus.CANCELLED:
            return f"The job {job.id} was cancelled: {job.error}"
        return None
