"""Jobs are added once, listed, retried, cancelled and given a priority."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from reelworks.domain.jobs.job import Failure, JobSelection, JobStatus, NewJob
from reelworks.domain.library.listing import PageKey
from reelworks.errors import ServiceError, UnknownJobError
from reelworks.store.jobs import claims, leases
from reelworks.store.jobs.jobs import (
    add_jobs,
    cancel_jobs,
    count_jobs,
    events_of,
    get_job,
    list_jobs,
    new_job_id,
    retry_jobs,
    set_priority,
    waiting,
)
from tests.support.queued_jobs import LONG, put, taken

pytestmark = pytest.mark.usefixtures("empty_queue")
ALL = JobSelection()


def test_a_job_whose_id_exists_is_left_unchanged(engine: Engine) -> None:
    add_jobs(engine, [NewJob("j", "v", params={"language": "en"})])
    again = add_jobs(engine, [NewJob("new", "v"), NewJob("j", "v", params={"language": "de"})])
    assert [job.id for job in again] == ["new", "j"]
    assert again[1].params == {"language": "en"}


def test_a_job_for_no_video_of_the_library_is_refused_and_nothing_is_added(
    engine: Engine,
) -> None:
    with pytest.raises(ServiceError):
        add_jobs(engine, [NewJob("a", "v"), NewJob("b", "nope")])
    assert list_jobs(engine, ALL, limit=9) == []
    with pytest.raises(UnknownJobError, match="nope"):
        get_job(engine, "nope")


def test_ids_are_random(engine: Engine) -> None:
    assert len({new_job_id() for _ in range(100)}) == 100


def test_pages_of_jobs_and_those_that_come_next(engine: Engine) -> None:
    for number, priority in enumerate([0, 5, 0]):
        add_jobs(engine, [NewJob(f"j{number}", "v", priority=priority)])
    newest, middle = list_jobs(engine, ALL, limit=2)
    after = PageKey(middle.created_at, middle.id)
    assert [newest.id, middle.id] == ["j2", "j1"]
    assert [job.id for job in list_jobs(engine, ALL, limit=2, after=after)] == ["j0"]
    assert [job.id for job in waiting(engine, limit=9)] == ["j1", "j0", "j2"]


def test_a_retry_counts_attempts_from_nothing_and_leaves_others(engine: Engine) -> None:
    attempt = taken(engine)
    leases.begin(engine, attempt, "run-1", LONG)
    leases.fail(engine, attempt, "run-1", Failure("No.", "unsupported_media"), most_attempts=3)
    put(engine, "other")

    assert retry_jobs(engine, ALL) == ["j"]
    job = get_job(engine, "j")
    assert (job.status, job.error, job.attempts_before) == (JobStatus.QUEUED, None, 1)
    assert [event.status for event in events_of(engine, "j")][-2:] == [
        JobStatus.FAILED,
        JobStatus.QUEUED,
    ]


def test_a_cancelled_job_that_has_a_run_waits_for_its_cancellation_in_prefect(
    engine: Engine,
) -> None:
    attempt = taken(engine, "running")
    leases.begin(engine, attempt, "run-1", LONG)
    put(engine, "pending")

    assert cancel_jobs(engine, ALL, reason="Not needed.") == ["pending", "running"]
    assert cancel_jobs(engine, ALL) == [], "both are over"
    running, pending = get_job(engine, "running"), get_job(engine, "pending")
    assert (running.lease, pending.lease, running.error) == ("stop", None, "Not needed.")
    assert [job.id for job in claims.cancelled_runs(engine, limit=9)] == ["running"]


def test_jobs_that_have_not_begun_get_another_priority_and_their_history_says_so(
    engine: Engine,
) -> None:
    leases.begin(engine, taken(engine, "running"), "run-1", LONG)
    taken(engine, "submitted")
    put(engine, "pending")
    assert set_priority(engine, ALL, 7, note="Set by ann.") == ["pending", "submitted"]
    assert get_job(engine, "pending").priority == get_job(engine, "submitted").priority == 7
    assert [event.note for event in events_of(engine, "submitted")] == [None, "Set by ann."]
    assert get_job(engine, "running").priority == 0


def test_a_job_that_is_cancelled_keeps_why_its_last_attempt_failed(engine: Engine) -> None:
    attempt = taken(engine)
    leases.begin(engine, attempt, "run-1", LONG)
    busy = Failure("The provider is busy.", "rate_limited", "vision", can_pass=True)
    leases.fail(engine, attempt, "run-1", busy, most_attempts=3)

    cancel_jobs(engine, ALL, reason="Cancelled by ann.")

    job = get_job(engine, "j")
    assert job.error == "Cancelled by ann. Its last attempt failed: The provider is busy."
    assert (job.error_code, job.error_stage) == ("cancelled", "vision")
    retry_jobs(engine, ALL, note="Retried by bob.")
    history = [(event.status.value, event.note) for event in events_of(engine, "j")]
    assert history == [
        ("queued", None),
        ("running", None),
        ("queued", "The provider is busy."),
        ("cancelled", job.error),
        ("queued", "Retried by bob."),
    ]


def test_a_submitted_job_is_queued_until_its_run_begins(engine: Engine) -> None:
    attempt = taken(engine, "a")
    put(engine, "b")
    assert [job.status for job in waiting(engine, limit=9)] == [JobStatus.QUEUED] * 2
    assert count_jobs(engine)[JobStatus.QUEUED] == 2
    assert [event.status for event in events_of(engine, "a")] == [JobStatus.QUEUED]

    leases.begin(engine, attempt, "run-1", LONG)

    running = JobSelection(statuses=frozenset({JobStatus.RUNNING}))
    queued = JobSelection(statuses=frozenset({JobStatus.QUEUED}))
    assert [job.id for job in list_jobs(engine, running, limit=9)] == ["a"]
    assert [job.id for job in list_jobs(engine, queued, limit=9)] == ["b"]
    assert count_jobs(engine) == dict.fromkeys(JobStatus, 0) | {
        JobStatus.QUEUED: 1,
        JobStatus.RUNNING: 1,
    }
    assert [job.id for job in waiting(engine, limit=9)] == ["b"]


def test_jobs_are_counted_by_status_with_those_that_none_has(engine: Engine) -> None:
    put(engine, "a", "b")
    counts = count_jobs(engine)
    assert counts[JobStatus.QUEUED] == 2
    assert set(counts) == set(JobStatus)
