"""What is ahead of a job, what runs, and how long jobs took lately."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from reelworks.domain.jobs.outlook import WorkAhead, WorkDone
from reelworks.store.db.database import transaction
from reelworks.store.jobs import claims, leases
from reelworks.store.jobs.attempts import attempt_of
from reelworks.store.jobs.jobs import get_job, waiting
from reelworks.store.jobs.queue_reads import (
    RECENT,
    duration_of,
    running_jobs,
    work_ahead,
    work_done,
)
from tests.support.queued_jobs import LONG, put

pytestmark = pytest.mark.usefixtures("empty_queue")


def sql(engine: Engine, statement: str) -> None:
    with transaction(engine) as connection:
        connection.execute(text(statement))


def test_what_is_ahead_agrees_with_the_order_of_the_queue(engine: Engine) -> None:
    sql(engine, "UPDATE videos SET duration_sec = 10")
    put(engine, "submitted", priority=-5)
    claims.claim(engine, "dispatcher", LONG, limit=1)
    put(engine, "d", "c")
    put(engine, "urgent", priority=3)
    put(engine, "late", priority=-1)

    order = [job.id for job in waiting(engine, limit=9)]

    assert order == ["submitted", "urgent", "c", "d", "late"]
    for number, name in enumerate(order):
        ahead = work_ahead(engine, get_job(engine, name))
        assert ahead == WorkAhead(number, 10.0 * number, number)


def test_a_running_job_has_run_since_its_attempt_began(engine: Engine) -> None:
    put(engine, "j")
    (job,) = claims.claim(engine, "dispatcher", LONG, limit=1)
    assert running_jobs(engine) == []
    leases.begin(engine, attempt_of(job), "run", LONG)
    sql(engine, "UPDATE jobs SET started_at = now() - interval '1 day'")
    sql(engine, "UPDATE job_events SET at = at - interval '7 s'")

    ((name, elapsed, duration),) = running_jobs(engine)

    assert (name, duration) == ("j", None)
    assert elapsed == pytest.approx(7, abs=2)


def test_only_first_attempts_of_a_kind_are_a_measure(engine: Engine) -> None:
    sql(
        engine,
        "INSERT INTO jobs (id, video_id, kind, status, attempts, created_at, started_at, ended_at)"
        " SELECT 'j' || n, 'v', CASE n WHEN 1 THEN 'nap' ELSE 'index' END, 'done',"
        " CASE n WHEN 2 THEN 2 ELSE 1 END, now() + n * interval '1 s',"
        " now(), now() + n * interval '1 s' FROM generate_series(1, 30) AS n",
    )

    assert work_done(engine, "nap") == [WorkDone(1, None)]
    assert [one.seconds for one in work_done(engine, "index")] == list(range(30, 30 - RECENT, -1))


def test_the_length_of_a_video_that_was_not_probed_is_not_known(engine: Engine) -> None:
    assert duration_of(engine, "v") is duration_of(engine, None) is None
    sql(engine, "UPDATE videos SET duration_sec = 12.5")
    assert duration_of(engine, "v") == 12.5
