"""A job goes to one holder at a time, and comes back when that holder is silent."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from reelworks.domain.jobs.job import Failure, JobSelection, JobStatus
from reelworks.domain.jobs.progress import StageProgress
from reelworks.domain.jobs.result import JobResult
from reelworks.errors import LeaseLostError
from reelworks.store.db.database import transaction
from reelworks.store.jobs import claims, leases
from reelworks.store.jobs.attempts import Attempt, attempt_of, disk_full_delay, retry_delay
from reelworks.store.jobs.jobs import cancel_jobs, events_of, get_job
from reelworks.store.jobs.leases import Heartbeat
from tests.support.queued_jobs import LONG, claimed, put, taken

OVER = 0.0
NOTHING = Heartbeat({}, {}, Decimal(0))

pytestmark = pytest.mark.usefixtures("empty_queue")


def test_a_run_begins_beats_and_finishes(engine: Engine) -> None:
    attempt = taken(engine)
    assert claims.attach_run(engine, attempt, "run-1", LONG)
    leases.begin(engine, attempt, "run-1", LONG)
    leases.beat(
        engine,
        attempt,
        "run-1",
        LONG,
        Heartbeat({"vision": StageProgress(done=3)}, {}, Decimal("0.5")),
    )
    beating = get_job(engine, "j")
    leases.finish(engine, attempt, "run-1", Heartbeat({}, {}, Decimal("0.75")), JobResult("v"))

    job = get_job(engine, "j")
    assert (beating.progress, beating.cost) == (
        {"vision": StageProgress(done=3)},
        Decimal("0.5"),
    )
    assert (job.status, job.cost, job.result) == ("done", Decimal("0.75"), JobResult("v"))
    assert job.lease is None
    assert [event.status for event in events_of(engine, "j")] == ["queued", "running", "done"]


def test_a_second_run_of_the_same_attempt_is_turned_away_while_the_first_lives(
    engine: Engine,
) -> None:
    attempt = taken(engine)
    leases.begin(engine, attempt, "run-1", LONG)

    with pytest.raises(LeaseLostError, match="owned by another run"):
        leases.begin(engine, attempt, "run-2", LONG)

    leases.begin(engine, attempt, "run-1", OVER)  # the same run, started again by Prefect
    leases.begin(engine, attempt, "run-2", LONG)


def test_a_run_that_was_given_up_cannot_write_over_the_next_one(engine: Engine) -> None:
    slow = taken(engine)
    leases.begin(engine, slow, "run-1", OVER)
    (silent,) = claims.claim_expired(engine, "dispatcher", LONG, limit=5)
    gone = Failure("Its process died.", "worker_lost", can_pass=True)
    assert claims.give_up(engine, slow, "dispatcher", gone, most_attempts=3) is JobStatus.QUEUED

    for late in (leases.beat, leases.finish):
        with pytest.raises(LeaseLostError):
            late(
                engine,
                slow,
                "run-1",
                *((LONG, NOTHING) if late is leases.beat else (NOTHING, JobResult())),
            )
    assert silent.id == "j"
    assert get_job(engine, "j").status is JobStatus.QUEUED


def test_a_run_that_comes_back_to_life_keeps_its_job(engine: Engine) -> None:
    attempt = taken(engine)
    leases.begin(engine, attempt, "run-1", OVER)
    claims.claim_expired(engine, "dispatcher", LONG, limit=5)
    leases.begin(engine, attempt, "run-1", LONG)  # Prefect started it again meanwhile
    gone = Failure("Its process died.", "worker_lost", can_pass=True)

    assert claims.give_up(engine, attempt, "dispatcher", gone, most_attempts=3) is None
    leases.finish(engine, attempt, "run-1", NOTHING, JobResult())


def test_what_is_heard_of_is_not_taken_over(engine: Engine) -> None:
    attempt = taken(engine)
    leases.begin(engine, attempt, "run-1", LONG)

    assert claims.claim_expired(engine, "dispatcher", LONG, limit=5) == []


def test_a_failure_that_can_pass_waits_longer_each_time_and_ends_after_the_last_try(
    engine: Engine,
) -> None:
    put(engine, "j")
    busy = Failure("The provider is busy.", "rate_limited", "vision", can_pass=True)
    for number in (1, 2, 3):
        with transaction(engine) as connection:
            connection.execute(text("UPDATE jobs SET not_before = NULL"))
        claims.claim(engine, "dispatcher", LONG, limit=1)
        attempt = Attempt("j", number)
        leases.begin(engine, attempt, f"run-{number}", LONG)
        status = leases.fail(engine, attempt, f"run-{number}", busy, most_attempts=3)
        assert status is (JobStatus.QUEUED if number < 3 else JobStatus.FAILED)
        due = claims.next_due(engine)
        assert due == pytest.approx(retry_delay(number), abs=2) if number < 3 else due is None

    job = get_job(engine, "j")
    assert (job.error, job.error_code, job.error_stage) == (busy.reason, busy.code, "vision")


def test_a_failure_that_cannot_pass_is_the_last(engine: Engine) -> None:
    attempt = taken(engine)
    leases.begin(engine, attempt, "run-1", LONG)
    bad = Failure("clip.mp4 is empty.", "unsupported_media", "ingest")

    assert leases.fail(engine, attempt, "run-1", bad, most_attempts=3) is JobStatus.FAILED


def test_a_cancelled_job_turns_its_run_away(engine: Engine) -> None:
    attempt = taken(engine)
    leases.begin(engine, attempt, "run-1", LONG)
    assert cancel_jobs(engine, JobSelection(ids=("j",))) == ["j"]

    with pytest.raises(LeaseLostError, match="cancelled"):
        leases.beat(engine, attempt, "run-1", LONG, NOTHING)
    assert get_job(engine, "j").status is JobStatus.CANCELLED


def test_a_stop_on_purpose_requeues_the_job_at_once_and_costs_no_attempt(engine: Engine) -> None:
    for stops in range(1, 4):
        attempt = taken(engine) if stops == 1 else attempt_of(claimed(engine))
        leases.begin(engine, attempt, f"run-{stops}", LONG)
        assert leases.release(engine, attempt, f"run-{stops}")
        job = get_job(engine, "j")
        assert (job.status, job.attempts, job.requeues) == (JobStatus.QUEUED, 0, stops)

    last = attempt_of(claimed(engine))
    leases.begin(engine, last, "run-4", LONG)
    leases.finish(engine, last, "run-4", NOTHING, JobResult())
    job = get_job(engine, "j")
    assert (job.status, job.attempts) == (JobStatus.DONE, 1)


def test_a_run_that_was_stopped_cannot_come_back_beside_its_successor(engine: Engine) -> None:
    attempt = taken(engine)
    leases.begin(engine, attempt, "run-1", LONG)
    leases.release(engine, attempt, "run-1")
    with pytest.raises(LeaseLostError):
        leases.begin(engine, attempt, "run-1", LONG)  # it waits for the dispatcher now

    again = attempt_of(claimed(engine))
    assert again == attempt, "the number is the same, so the run is the fence"
    assert claims.attach_run(engine, again, "run-2", LONG)
    with pytest.raises(LeaseLostError):
        leases.begin(engine, attempt, "run-1", LONG)
    leases.begin(engine, again, "run-2", LONG)
    assert not leases.release(engine, attempt, "run-1"), "it is not this run's to give back"


def test_what_a_full_disk_stops_waits_for_room_and_costs_no_try(engine: Engine) -> None:
    put(engine, "j")
    full = Failure(
        "The disk of /data is full; make room there.", "no_space", "normalize", waits_for_room=True
    )
    for number in (1, 2, 3, 4):
        with transaction(engine) as connection:
            connection.execute(text("UPDATE jobs SET not_before = NULL"))
        (job,) = claims.claim(engine, "dispatcher", LONG, limit=1)
        attempt = attempt_of(job)
        assert (attempt.number, attempt.tries) == (number, 1)
        leases.begin(engine, attempt, f"run-{number}", LONG)
        status = leases.fail(engine, attempt, f"run-{number}", full, most_attempts=1)
        assert status is JobStatus.QUEUED
        due = claims.next_due(engine)
        assert due == pytest.approx(disk_full_delay(number), abs=2)
    assert get_job(engine, "j").error == full.reason


def test_what_does_not_fit_on_a_disk_with_room_fails_after_its_tries(engine: Engine) -> None:
    put(engine, "j")
    large = Failure("talk.mp4 needs 900 MB, but there are 500.", "no_space", can_pass=True)
    for number, status in ((1, JobStatus.QUEUED), (2, JobStatus.FAILED)):
        with transaction(engine) as connection:
            connection.execute(text("UPDATE jobs SET not_before = NULL"))
        (job,) = claims.claim(engine, "dispatcher", LONG, limit=1)
        leases.begin(engine, attempt_of(job), f"run-{number}", LONG)
        failed = leases.fail(engine, attempt_of(job), f"run-{number}", large, most_attempts=2)
        assert failed is status
    job = get_job(engine, "j")
    assert (job.error, job.error_code, job.attempts) == (large.reason, "no_space", 2)
