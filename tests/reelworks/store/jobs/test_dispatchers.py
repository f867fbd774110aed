"""Whether a dispatcher takes the jobs that wait, and whether runs begin."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from reelworks.domain.jobs.job import NewJob
from reelworks.store.db.database import transaction
from reelworks.store.jobs import claims, dispatchers, leases
from reelworks.store.jobs.attempts import Attempt
from reelworks.store.jobs.jobs import add_jobs

LONG = 600.0


@pytest.fixture(autouse=True)
def empty(engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(text("TRUNCATE videos, jobs, dispatchers CASCADE"))
        connection.execute(text("INSERT INTO videos (id, original_path) VALUES ('v', '/v.mp4')"))


def later(engine: Engine, seconds: int) -> None:
    """Let all that is noted be so much older."""
    with transaction(engine) as connection:
        for table, column in (("dispatchers", "seen_at"), ("jobs", "updated_at")):
            statement = f"UPDATE {table} SET {column} = {column} - make_interval(secs => :seconds)"
            connection.execute(text(statement), {"seconds": seconds})


def handed_over(engine: Engine, job_id: str) -> Attempt:
    """A job for which a flow run waits in Prefect."""
    add_jobs(engine, [NewJob(job_id, "v")])
    (job,) = claims.claim(engine, "dispatcher", LONG, limit=1)
    claims.attach_run(engine, Attempt(job.id, 1), f"run-{job_id}", LONG)
    return Attempt(job.id, 1)


def test_a_dispatcher_counts_until_it_falls_silent_or_leaves(engine: Engine) -> None:
    assert not dispatchers.has_dispatcher(engine)
    assert "start one" in str(dispatchers.why_jobs_wait(dispatchers.silence(engine)))

    dispatchers.beat(engine, "one")
    assert dispatchers.has_dispatcher(engine)
    later(engine, 40)
    assert not dispatchers.has_dispatcher(engine)
    assert "40 s: it is stuck or dead" in str(
        dispatchers.why_jobs_wait(dispatchers.silence(engine))
    )

    dispatchers.beat(engine, "two")
    assert dispatchers.has_dispatcher(engine), "one that works is enough"
    dispatchers.leave(engine, "two")
    later(engine, 100_000)
    dispatchers.beat(engine, "three")
    dispatchers.leave(engine, "three")
    assert dispatchers.silence(engine) is None, "those of other days are forgotten"


def test_work_stands_still_when_no_run_begins_and_none_goes_on(engine: Engine) -> None:
    handed_over(engine, "first")
    assert dispatchers.stalled_jobs(engine) is None, "a worker may need some seconds"
    later(engine, 150)
    stalled = dispatchers.stalled_jobs(engine)
    assert stalled is not None
    assert (stalled.number, 149 < stalled.seconds < 200) == (1, True)

    second = handed_over(engine, "second")
    leases.begin(engine, second, "run-second", LONG)
    assert dispatchers.stalled_jobs(engine) is None, "the first waits for the second's worker"
