"""The lease keeper: the thread that sends a job's heartbeats, and how the job is closed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from reelworks.domain.jobs.job import Job, JobStatus
from reelworks.domain.jobs.report import Observer
from reelworks.domain.jobs.result import JobResult
from reelworks.domain.jobs.usage import Meter
from reelworks.errors import LeaseLostError, ReelworksError, ServiceError, UnknownJobError
from reelworks.pipeline.run_context import RunContext
from reelworks.providers.billing.bill import Bill
from reelworks.providers.billing.prices import Prices
from reelworks.store.jobs import leases
from reelworks.store.jobs.attempts import Attempt, attempt_of
from reelworks.store.jobs.backfill.backfills import calls_per_minute
from reelworks.store.jobs.jobs import get_job
from reelworks.store.jobs.leases import Heartbeat
from tasks.runtime.jobs.job_progress import JobProgress
from tasks.runtime.run_endings import failure_of, reason_of

log = logging.getLogger("video_worker")

BEATS_IN_LEASE = 3
"""Heartbeats in the time of one lease: two may be lost."""
MIN_BEAT_SECONDS = 1.0
"""Between two heartbeats while the progress changes."""


@dataclass
class JobOutcome:
    """What a flow run reports to the job queue; nothing reads it in a run without a job."""

    result: JobResult = field(default_factory=JobResult)
    """The job's result, as its row will have it."""
    job: Job | None = None
    """As it was when the run began; its parameters may have secrets that Prefect must not see."""
    taken_over: bool = False
    """True once another run has the job: this one must not write any more."""


class LeaseKeeper:
    """Keeps the lease of one run's job, by heartbeats from a thread of its own."""

    def __init__(self, attempt: Attempt, run_id: str, ctx: RunContext, observer: Observer) -> None:
        self.progress = JobProgress(observer)
        self.meter = Meter(self.progress.changed.set)
        self.lost: ReelworksError | None = None
        self.outcome = JobOutcome()
        self.run_id = run_id
        self._attempt = attempt
        self._ctx = ctx
        self._engine = ctx.engine
        self._seconds = ctx.settings.jobs.lease_seconds
        self._prices = Prices.of_settings(ctx.settings.hosted.prices)
        self._before: Job | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._cancel: Callable[[], object] = lambda: None

    def begin(self) -> None:
        """Take the lease. Raises ``LeaseLostError``."""
        self._before = leases.begin(self._engine, self._attempt, self.run_id, self._seconds)
        self._attempt = attempt_of(self._before)
        self.outcome.job = self._before

    @property
    def backfill_id(self) -> str | None:
        """The backfill that the job belongs to."""
        return self._before.backfill_id if self._before else None

    def backfill_rate(self) -> int | None:
        """Return how many calls a minute to each provider the job's backfill may make."""
        return calls_per_minute(self._engine, self.backfill_id) if self.backfill_id else None

    def beat_until_stopped(self, cancel: Callable[[], object]) -> None:
        """Start the thread; it calls ``cancel`` once the lease is lost."""
        self._cancel = cancel
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def release(self) -> None:
        """Return the job to the queue: this run is stopped, and the attempt does not count."""
        if leases.release(self._engine, self._attempt, self.run_id):
            log.info("JOB %s goes back to the queue", self._attempt.job_id)

    def let_go(self) -> None:
        """Leave the job to the dispatcher: its run was cancelled in Prefect, and so is the job."""
        leases.let_go(self._engine, self._attempt, self.run_id)
        log.info("JOB %s: its run was cancelled in Prefect", self._attempt.job_id)

    def finish(self) -> None:
        """Mark the job as done."""
        leases.finish(
            self._engine, self._attempt, self.run_id, self._heartbeat(), self.outcome.result
        )

    def fail(self, error: BaseException) -> None:
        """Mark this attempt as failed."""
        failure = failure_of(error, self.progress.failed_stage, self._ctx)
        status = leases.fail(
            self._engine,
            self._attempt,
            self.run_id,
            failure,
            most_attempts=self._ctx.settings.jobs.max_attempts,
            heartbeat=self._heartbeat(),
        )
        log.info("JOB %s is %s: %s", self._attempt.job_id, status.value, failure.reason)

    def _heartbeat(self) -> Heartbeat:
        before = self._before
        assert before is not None  # noqa: S101 - begin() comes first
        progress = self.progress.snapshot()
        bill = Bill(self._prices, before.usage, before.cost)
        return Heartbeat(progress, *bill.charge(self.meter.total()))

    def _beat(self) -> None:
        try:
            self._renew()
        except Exception as error:  # a run without heartbeat must not continue
            log.exception("The heartbeat of the job %s ended", self._attempt.job_id)
            self._lose(ServiceError(f"The heartbeat of the job ended: {reason_of(error)}"))

    def _renew(self) -> None:
        interval = self._seconds / BEATS_IN_LEASE
        last = time.monotonic()
        while True:
            self._stop.wait(min(MIN_BEAT_SECONDS, interval))
            if self._stop.is_set():
                return
            since = time.monotonic() - last
            if not self.progress.changed.is_set() and since < interval:
                continue
            beat = self._heartbeat()
            try:
                leases.beat(self._engine, self._attempt, self.run_id, self._seconds, beat)
                last = time.monotonic()
            except LeaseLostError as error:
                self._lose(error)
                return
            except ReelworksError as error:
                log.warning(
                    "The lease of the job %s was not renewed: %s", self._attempt.job_id, error
                )
                if since > self._seconds:  # another run may have taken the job by now
                    self._lose(error)
                    return

    def _lose(self, error: ReelworksError) -> None:
        reason = self._why_ended() if isinstance(error, LeaseLostError) else None
        self.lost = LeaseLostError(reason) if reason else error
        self.outcome.taken_over = reason is None
        log.warning("%s", self.lost)
        self._cancel()

    def _why_ended(self) -> str | None:
        """Return why the job ended, if it was cancelled or deleted; None: it did not."""
        try:
            job = get_job(self._engine, self._attempt.job_id)
        except UnknownJobError:
            return f"The job {self._attempt.job_id} was deleted."
        if job.status is JobStatus.CANCELLED:
            return f"The job {job.id} was cancelled: {job.error}"
        return None
