"""No more jobs are submitted than can begin soon, and what has not begun can be taken back."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from reelworks.domain.jobs.job import Job
from reelworks.store.db.database import transaction
from reelworks.store.jobs import claims, leases
from reelworks.store.jobs.attempts import attempt_of
from reelworks.store.jobs.dispatchers import pause_dispatcher
from reelworks.store.jobs.handover import claim_openings, jobs_to_recall, read_openings, recall
from reelworks.store.jobs.jobs import get_job
from tests.support.queued_jobs import LONG, put

pytestmark = pytest.mark.usefixtures("empty_queue")


def submit(engine: Engine, in_flight: int = 16) -> list[Job]:
    """Claim what there are openings for, with a flow run for each."""
    jobs = claim_openings(engine, "dispatcher", LONG, read_openings(engine, in_flight))
    for job in jobs:
        claims.attach_run(engine, attempt_of(job), f"run-{job.id}", LONG)
    return jobs


def begin(engine: Engine, jobs: list[Job]) -> None:
    for job in jobs:
        leases.begin(engine, attempt_of(job), f"run-{job.id}", LONG)


def ids(jobs: list[Job]) -> list[str]:
    return [job.id for job in jobs]


def test_as_many_wait_for_a_worker_as_run_and_one_where_none_does(engine: Engine) -> None:
    put(engine, *(f"j{number:02d}" for number in range(20)))
    sizes = []
    for _ in range(5):
        jobs = submit(engine)
        sizes.append(len(jobs))
        assert submit(engine) == [], "none of them has begun"
        begin(engine, jobs)

    assert sizes == [1, 1, 2, 4, 8]
    assert submit(engine) == [], "sixteen are in flight"


def test_a_pool_without_workers_holds_up_no_other(engine: Engine) -> None:
    put(engine, "a", "b", pool="gpu")
    put(engine, "c", "d", pool="cpu")
    put(engine, "e")

    assert ids(submit(engine)) == ["a", "c", "e"]
    assert submit(engine) == []


def test_the_window_bounds_all_pools_together(engine: Engine) -> None:
    for pool in ("a", "b", "c"):
        put(engine, pool, pool=pool)

    assert ids(submit(engine, in_flight=2)) == ["a", "b"]


def test_a_submitted_job_is_overtaken_by_one_with_a_higher_priority(engine: Engine) -> None:
    put(engine, "first")
    submit(engine)
    assert jobs_to_recall(engine, limit=9) == []
    put(engine, "later")
    put(engine, "elsewhere", pool="gpu", priority=9)
    assert jobs_to_recall(engine, limit=9) == []
    put(engine, "urgent", priority=5)

    (job,) = jobs_to_recall(engine, limit=9)
    assert recall(engine, job)

    back = get_job(engine, "first")
    assert (back.status, back.attempts, back.flow_run_id, back.requeues) == ("queued", 0, None, 1)
    assert ids(submit(engine)) == ["elsewhere", "urgent"]
    assert jobs_to_recall(engine, limit=9) == []


def test_a_pause_takes_back_what_has_not_begun(engine: Engine) -> None:
    put(engine, "runs", "waits")
    begin(engine, submit(engine))
    submit(engine)
    pause_dispatcher(engine)

    assert ids(jobs_to_recall(engine, limit=9)) == ["waits"]


def test_a_paused_backfill_takes_back_its_own_jobs(engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(text("INSERT INTO backfills (id, status) VALUES ('bf', 'paused')"))
    put(engine, "of-backfill", backfill_id="bf")
    put(engine, "other")
    submit(engine)
    openings = read_openings(engine, 16)
    openings.submitted.clear()
    (job,) = claim_openings(engine, "dispatcher", LONG, openings, backfill_id="bf")
    claims.attach_run(engine, attempt_of(job), "run-bf", LONG)

    assert ids(jobs_to_recall(engine, limit=9)) == ["of-backfill"]


def test_a_run_that_begins_meanwhile_keeps_its_job(engine: Engine) -> None:
    put(engine, "j")
    jobs = submit(engine)
    pause_dispatcher(engine)
    (job,) = jobs_to_recall(engine, limit=9)
    begin(engine, jobs)

    assert not recall(engine, job)
    assert get_job(engine, "j").status == "running"
