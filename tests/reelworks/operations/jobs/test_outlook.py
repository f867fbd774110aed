"""Place in the queue and estimated time, on a real queue."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from reelworks.domain.jobs.job import JobSelection, NewJob
from reelworks.domain.jobs.outlook import JobOutlook
from reelworks.operations.jobs.outlook import outlook_of
from reelworks.store.db.database import transaction
from reelworks.store.jobs import claims, leases
from reelworks.store.jobs.attempts import attempt_of
from reelworks.store.jobs.dispatchers import pause_dispatcher
from reelworks.store.jobs.jobs import add_jobs, cancel_jobs, get_job


@pytest.fixture
def queue(library) -> Engine:
    """One job that was done: 20 seconds for a video of 10; and a video of 30 seconds."""
    with transaction(library.engine) as connection:
        connection.execute(
            text(
                "INSERT INTO videos (id, original_path, duration_sec)"
                " VALUES ('ten', '/10.mp4', 10), ('thirty', '/30.mp4', 30)"
            )
        )
        connection.execute(
            text(
                "INSERT INTO jobs (id, video_id, status, attempts, started_at, ended_at)"
                " VALUES ('before', 'ten', 'done', 1, now() - interval '20 s', now())"
            )
        )
    return library.engine


def outlook(engine: Engine, job_id: str) -> JobOutlook | None:
    return outlook_of(engine, get_job(engine, job_id))


def test_a_queued_job_waits_for_those_before_it(queue):
    add_jobs(queue, [NewJob("a", "ten"), NewJob("b", "thirty"), NewJob("c", "ten", priority=5)])

    assert outlook(queue, "c") == JobOutlook(1, 20)
    assert outlook(queue, "a") == JobOutlook(2, 40)
    assert outlook(queue, "b") == JobOutlook(3, 100)
    assert outlook(queue, "before") is None


def test_a_running_job_has_no_place_and_less_and_less_time(queue):
    add_jobs(queue, [NewJob("a", "thirty"), NewJob("b", "ten")])
    (job,) = claims.claim(queue, "dispatcher", 60, limit=1)
    assert outlook(queue, "a") == JobOutlook(1, 60), "it is submitted, but has not begun"
    assert outlook(queue, "b") == JobOutlook(2, 80)
    leases.begin(queue, attempt_of(job), "run", 60)
    with transaction(queue) as connection:
        connection.execute(text("UPDATE job_events SET at = at - interval '15 s'"))

    running, waits = outlook(queue, "a"), outlook(queue, "b")

    assert running is not None
    assert waits is not None
    assert (running.position, waits.position) == (None, 1)
    assert running.seconds_left == pytest.approx(45, abs=2)
    assert waits.seconds_left == pytest.approx(65, abs=2)


def test_nothing_is_guessed_of_a_paused_queue_nor_without_a_past(queue):
    add_jobs(queue, [NewJob("a", "ten"), NewJob("other", None, kind="sync")])
    assert outlook(queue, "other") == JobOutlook(2, None)
    pause_dispatcher(queue)

    assert outlook(queue, "a") == JobOutlook(1, None)

    cancel_jobs(queue, JobSelection(ids=("a",)))
    assert outlook(queue, "a") is None
