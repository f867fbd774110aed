"""What a dispatcher makes of the state of a run, on a real queue and without Prefect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine

from reelworks.app.dispatcher.dispatcher import Dispatcher
from reelworks.app.dispatcher.run_health import RunHealth, RunReport
from reelworks.domain.jobs.job import Job, JobStatus, NewJob
from reelworks.errors import ServiceError
from reelworks.settings import Settings
from reelworks.store.db.database import create_database_engine
from reelworks.store.jobs import claims
from reelworks.store.jobs.jobs import add_jobs, get_job

NO_CLIENT: Any = None
"""Nothing tested here calls Prefect."""


@pytest.fixture
def queue(clean_settings: Settings) -> Iterator[Engine]:
    made = create_database_engine(clean_settings)
    yield made
    made.dispose()


@pytest.fixture
def dispatcher(clean_settings: Settings, queue: Engine) -> Dispatcher:
    return Dispatcher(clean_settings, queue, NO_CLIENT)


def claimed(dispatcher: Dispatcher, *names: str) -> list[Job]:
    """Queue jobs and have the dispatcher claim them."""
    add_jobs(dispatcher.engine, [NewJob(name, None, kind="nap") for name in names])
    return claims.claim(dispatcher.engine, dispatcher.holder, 60, limit=10)


@pytest.mark.parametrize(
    ("report", "status", "attempts"),
    [
        (RunReport(RunHealth.DONE), JobStatus.DONE, 1),
        (RunReport(RunHealth.CANCELLED, "It was cancelled."), JobStatus.CANCELLED, 1),
        (RunReport(RunHealth.REQUEUED, "The worker was stopped."), JobStatus.QUEUED, 0),
        (RunReport(RunHealth.LOST, "The process is gone."), JobStatus.QUEUED, 1),
        (RunReport(RunHealth.WAITING), JobStatus.QUEUED, 1),
    ],
)
async def test_the_health_of_a_run_decides_about_its_job(dispatcher, report, status, attempts):
    (job,) = claimed(dispatcher, "j")

    await dispatcher._apply(job, report)

    after = get_job(dispatcher.engine, "j")
    assert (after.status, after.attempts) == (status, attempts)


async def test_a_job_whose_runs_are_lost_too_often_fails_with_the_reason(dispatcher):
    dispatcher.settings = dispatcher.settings.with_values(worker_max_attempts=1)
    (job,) = claimed(dispatcher, "j")

    await dispatcher._apply(job, RunReport(RunHealth.LOST, "The process is gone."))

    after = get_job(dispatcher.engine, "j")
    assert (after.status, after.error_code) == (JobStatus.FAILED, "worker_lost")
    assert after.error == "The process is gone."


def test_a_run_that_met_a_full_disk_says_so_although_the_disk_has_room_again(dispatcher):
    dispatcher.settings.data_dir.mkdir(parents=True, exist_ok=True)
    full = dispatcher._failure_of("Its flow run Failed: NoSpaceError: The disk is full.")
    lost = dispatcher._failure_of("The process is gone.")

    assert (full.code, full.can_pass, full.waits_for_room) == ("no_space", True, False)
    assert (lost.code, lost.can_pass) == ("worker_lost", True)


async def test_one_job_that_fails_leaves_the_others_their_turn(dispatcher):
    jobs = claimed(dispatcher, "a", "b", "c")
    done = []

    async def act(job: Job) -> None:
        if job.id == "a":
            raise ServiceError("The server does not answer.")
        done.append(job.id)

    with pytest.raises(ServiceError, match="does not answer"):
        await dispatcher._for_each(jobs, act)

    assert sorted(done) == ["b", "c"]
