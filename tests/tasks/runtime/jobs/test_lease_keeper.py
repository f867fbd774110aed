"""The lease keeper: heartbeats while a job runs, and how the job is closed."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from reelworks.domain.jobs.job import JobSelection, JobStatus
from reelworks.domain.jobs.result import JobResult
from reelworks.domain.jobs.usage import Usage
from reelworks.errors import InputError, LeaseLostError, ProviderUnavailableError
from reelworks.pipeline.run_context import RunContext, open_run_context
from reelworks.settings import Settings
from reelworks.store.db.database import transaction
from reelworks.store.jobs import claims
from reelworks.store.jobs.attempts import attempt_of
from reelworks.store.jobs.jobs import cancel_jobs, get_job
from tasks.runtime.current_run import NullObserver
from tasks.runtime.jobs import lease_keeper
from tasks.runtime.jobs.lease_keeper import LeaseKeeper
from tests.support.queued_jobs import LONG


@pytest.fixture
def ctx(clean_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunContext]:
    monkeypatch.setattr(lease_keeper, "MIN_BEAT_SECONDS", 0.05)
    settings = clean_settings.with_values(job_lease_seconds=3.0, worker_max_attempts=2)
    with open_run_context(settings) as ctx:
        yield ctx


@pytest.fixture
def keeper(ctx: RunContext) -> Iterator[LeaseKeeper]:
    """The keeper of a job that a dispatcher has claimed."""
    with transaction(ctx.engine) as connection:
        connection.execute(text("INSERT INTO jobs (id, kind) VALUES ('j', 'sync')"))
    (job,) = claims.claim(ctx.engine, "dispatcher", LONG, limit=1)
    keeper = LeaseKeeper(attempt_of(job), "run-1", ctx, NullObserver())
    keeper.begin()
    yield keeper
    keeper.stop()


def watched(keeper: LeaseKeeper) -> threading.Event:
    """Start the heartbeats; the event is set once the run has to stop."""
    cancelled = threading.Event()
    keeper.beat_until_stopped(cancelled.set)
    return cancelled


def test_progress_and_usage_reach_the_row_and_the_end_closes_it(
    ctx: RunContext, keeper: LeaseKeeper
) -> None:
    cancelled = watched(keeper)
    keeper.progress.started("vision")
    keeper.meter.add("openai/of-unknown-price", Usage(calls=2))
    keeper.outcome.result = JobResult(extra={"frames": 7})
    keeper.stop()
    keeper.finish()

    job = get_job(ctx.engine, "j")
    assert (job.status, job.result.to_json()) == (JobStatus.DONE, {"frames": 7})
    assert job.lease is None
    assert job.progress["vision"].is_running
    assert job.usage["openai/of-unknown-price"].usage == Usage(calls=2)
    assert job.usage["openai/of-unknown-price"].cost is None
    assert not cancelled.is_set()


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InputError("talk.mp4 is empty."), JobStatus.FAILED),
        (ProviderUnavailableError("The provider is busy."), JobStatus.QUEUED),
    ],
)
def test_a_failure_is_written_with_its_reason(
    ctx: RunContext, keeper: LeaseKeeper, error: Exception, status: JobStatus
) -> None:
    keeper.fail(error)
    job = get_job(ctx.engine, "j")
    assert (job.status, job.error) == (status, str(error))


def test_a_cancelled_job_stops_its_run_which_still_owns_the_video(
    ctx: RunContext, keeper: LeaseKeeper
) -> None:
    cancel_jobs(ctx.engine, JobSelection(ids=("j",)), reason="Not needed.")
    cancelled = watched(keeper)
    assert cancelled.wait(10)
    assert isinstance(keeper.lost, LeaseLostError)
    assert str(keeper.lost) == "The job j was cancelled: Not needed."
    assert not keeper.outcome.taken_over


def test_a_deleted_job_stops_its_run(ctx: RunContext, keeper: LeaseKeeper) -> None:
    with transaction(ctx.engine) as connection:
        connection.execute(text("DELETE FROM jobs"))
    assert watched(keeper).wait(10)
    assert str(keeper.lost) == "The job j was deleted."


def test_a_run_that_was_replaced_must_not_write_any_more(
    ctx: RunContext, keeper: LeaseKeeper
) -> None:
    with transaction(ctx.engine) as connection:
        connection.execute(text("UPDATE jobs SET attempts = attempts + 1"))
    assert watched(keeper).wait(10)
    assert keeper.outcome.taken_over
    with pytest.raises(LeaseLostError):
        keeper.finish()


def test_a_job_whose_run_was_cancelled_in_prefect_is_left_to_the_dispatcher(
    ctx: RunContext, keeper: LeaseKeeper
) -> None:
    keeper.let_go()
    left = get_job(ctx.engine, "j")
    assert (left.status, left.lease) == (JobStatus.QUEUED, "queue")
    assert [job.id for job in claims.claim_expired(ctx.engine, "d", LONG, limit=1)] == ["j"]


def test_a_stop_on_purpose_costs_no_attempt(ctx: RunContext, keeper: LeaseKeeper) -> None:
    keeper.release()
    job = get_job(ctx.engine, "j")
    assert (job.status, job.attempts, job.requeues) == (JobStatus.QUEUED, 0, 1)
