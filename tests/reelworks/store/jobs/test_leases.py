"""A job goes to one holder at a time, and comes back when that holder is silent."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from reelworks.domain.jobs.job import BACKFILL, Failure, Job, JobSelection, JobStatus, NewJob
from reelworks.domain.jobs.progress import StageProgress
from reelworks.errors import LeaseLostError
from reelworks.store.db.database import transaction
from reelworks.store.jobs import claims, leases
from reelworks.store.jobs.jobs import (
    add_jobs,
    cancel_jobs,
    events_of,
    get_job,
    pause_dispatcher,
    resume_dispatcher,
)
from reelworks.store.jobs.leases import Attempt, Heartbeat, attempt_of

LONG, OVER = 60.0, 0.0
NOTHING = Heartbeat({}, {}, Decimal(0))


@pytest.fixture(autouse=True)
def empty(engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(text("TRUNCATE videos, jobs, dispatcher_state, backfills CASCADE"))
        connection.execute(text("INSERT INTO videos (id, original_path) VALUES ('v', '/v.mp4')"))


def put(engine: Engine, *ids: str, **options) -> None:
    add_jobs(engine, [NewJob(one, "v", **options) for one in ids])


def taken(engine: Engine, job_id: str = "j", seconds: float = LONG) -> Attempt:
    """A job that was put in and claimed, and its attempt."""
    put(engine, job_id)
    (job,) = claims.claim(engine, "dispatcher", seconds, limit=1)
    return Attempt(job.id, job.attempts)


def claimed(engine: Engine) -> Job:
    """The one job that waits, as a dispatcher claims it."""
    (job,) = claims.claim(engine, "dispatcher", LONG, limit=1)
    return job


def test_a_bare_insert_is_claimed(engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(text("INSERT INTO jobs (id, video_id) VALUES ('j', 'v')"))

    (job,) = claims.claim(engine, "dispatcher", LONG, limit=5)

    assert (job.id, job.kind, job.status, job.attempts) == ("j", "index", "processing", 1)
    assert claims.claim(engine, "dispatcher", LONG, limit=5) == []


def test_the_urgent_come_first_and_then_the_old(engine: Engine) -> None:
    put(engine, "old")
    put(engine, "new")
    put(engine, "whole-library", priority=BACKFILL)
    put(engine, "urgent", priority=5)

    order = [job.id for job in claims.claim(engine, "dispatcher", LONG, limit=9)]

    assert order == ["urgent", "old", "new", "whole-library"]


def test_many_claimers_get_each_job_once(engine: Engine) -> None:
    put(engine, *(f"j{number:03d}" for number in range(60)))

    def claim_all(holder: str) -> list[str]:
        mine: list[str] = []
        while some := claims.claim(engine, holder, LONG, limit=3):
            mine += [job.id for job in some]
        return mine

    with ThreadPoolExecutor(6) as pool:
        shares = list(pool.map(claim_all, "abcdef"))

    assert Counter(one for share in shares for one in share).most_common(1)[0][1] == 1
    assert sum(map(len, shares)) == 60


def test_a_paused_intake_claims_nothing(engine: Engine) -> None:
    put(engine, "j")
    pause_dispatcher(engine, note="maintenance")
    assert claims.claim(engine, "dispatcher", LONG, limit=1) == []

    resume_dispatcher(engine)
    assert len(claims.claim(engine, "dispatcher", LONG, limit=1)) == 1


def test_a_job_of_a_backfill_is_claimed_for_that_backfill_only(engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(text("INSERT INTO backfills (id) VALUES ('b')"))
    put(engine, "one", "two", backfill_id="b")

    assert claims.claim(engine, "dispatcher", LONG, limit=5) == []
    assert len(claims.claim(engine, "dispatcher", LONG, limit=1, backfill_id="b")) == 1


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
    leases.finish(engine, attempt, "run-1", Heartbeat({}, {}, Decimal("0.75")), {"video_id": "v"})

    job = get_job(engine, "j")
    assert (beating.progress, beating.cost) == (
        {"vision": StageProgress(done=3)},
        Decimal("0.5"),
    )
    assert (job.status, job.cost, job.result) == ("done", Decimal("0.75"), {"video_id": "v"})
    assert job.lease is None
    assert [event.status for event in events_of(engine, "j")] == ["pending", "processing", "done"]


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
    assert claims.give_up(engine, slow, "dispatcher", gone, most_attempts=3) is JobStatus.PENDING

    for late in (leases.beat, leases.finish):
        with pytest.raises(LeaseLostError):
            late(
                engine, slow, "run-1", *((LONG, NOTHING) if late is leases.beat else (NOTHING, {}))
            )
    assert silent.id == "j"
    assert get_job(engine, "j").status is JobStatus.PENDING


def test_a_run_that_comes_back_to_life_keeps_its_job(engine: Engine) -> None:
    attempt = taken(engine)
    leases.begin(engine, attempt, "run-1", OVER)
    claims.claim_expired(engine, "dispatcher", LONG, limit=5)
    leases.begin(engine, attempt, "run-1", LONG)  # Prefect started it again meanwhile
    gone = Failure("Its process died.", "worker_lost", can_pass=True)

    assert claims.give_up(engine, attempt, "dispatcher", gone, most_attempts=3) is None
    leases.finish(engine, attempt, "run-1", NOTHING, {})


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
        assert status is (JobStatus.PENDING if number < 3 else JobStatus.FAILED)
        due = claims.next_due(engine)
        assert (
            due == pytest.approx(leases.retry_delay(number), abs=2) if number < 3 else due is None
        )

    job = get_job(engine, "j")
    assert (job.error, job.error_code, job.error_stage) == (busy.reason, busy.code, "vision")
    assert leases.retry_delay(2) == 2 * leases.retry_delay(1)
    assert leases.retry_delay(99) == leases.LONGEST_WAIT


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
        assert (job.status, job.attempts, job.requeues) == (JobStatus.PENDING, 0, stops)

    last = attempt_of(claimed(engine))
    leases.begin(engine, last, "run-4", LONG)
    leases.finish(engine, last, "run-4", NOTHING, {})
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


def test_a_flow_run_is_attached_once(engine: Engine) -> None:
    attempt = taken(engine)
    assert claims.attach_run(engine, attempt, "run-1", LONG)
    assert claims.attach_run(engine, attempt, "run-1", LONG)
    assert not claims.attach_run(engine, attempt, "run-2", LONG)
    assert not claims.attach_run(engine, Attempt("j", 7), "run-7", LONG)


def test_attaching_late_does_not_take_the_lease_from_a_run_that_has_begun(engine: Engine) -> None:
    attempt = taken(engine)
    leases.begin(engine, attempt, "run-1", LONG)

    assert claims.attach_run(engine, attempt, "run-1", LONG)
    assert get_job(engine, "j").lease == "run:run-1"


def test_what_a_full_disk_stops_waits_for_room_and_costs_no_try(engine: Engine) -> None:
    put(engine, "j")
    full = Failure(
        "The disk of /data is full; make room there.", "no_space", "normalize", waits_for_room=True
    )
    for number in (1, 2, 3, 4):
        with transaction(engine) as connection:
            connection.execute(text("UPDATE jobs SET not_before = NULL"))
        (job,) = claims.claim(engine, "dispatcher", LONG, limit=1)
        attempt = leases.attempt_of(job)
        assert (attempt.number, attempt.tries) == (number, 1)
        leases.begin(engine, attempt, f"run-{number}", LONG)
        status = leases.fail(engine, attempt, f"run-{number}", full, most_attempts=1)
        assert status is JobStatus.PENDING
        due = claims.next_due(engine)
        assert due == pytest.approx(leases.disk_full_delay(number), abs=2)
    assert get_job(engine, "j").error == full.reason
    assert leases.disk_full_delay(99) == leases.LONGEST_WAIT


def test_what_does_not_fit_on_a_disk_with_room_fails_after_its_tries(engine: Engine) -> None:
    put(engine, "j")
    large = Failure("talk.mp4 needs 900 MB, but there are 500.", "no_space", can_pass=True)
    for number, status in ((1, JobStatus.PENDING), (2, JobStatus.FAILED)):
        with transaction(engine) as connection:
            connection.execute(text("UPDATE jobs SET not_before = NULL"))
        (job,) = claims.claim(engine, "dispatcher", LONG, limit=1)
        leases.begin(engine, leases.attempt_of(job), f"run-{number}", LONG)
        failed = leases.fail(
            engine, leases.attempt_of(job), f"run-{number}", large, most_attempts=2
        )
        assert failed is status
    job = get_job(engine, "j")
    assert (job.error, job.error_code, job.attempts) == (large.reason, "no_space", 2)


def test_only_what_a_full_disk_stopped_goes_on_once_there_is_room(engine: Engine) -> None:
    for job_id, code in (("full", "no_space"), ("busy", "rate_limited")):
        put(engine, job_id)
        (job,) = claims.claim(engine, "dispatcher", LONG, limit=1)
        leases.begin(engine, leases.attempt_of(job), job_id, LONG)
        failure = Failure("Later.", code, can_pass=True)
        leases.fail(engine, leases.attempt_of(job), job_id, failure, most_attempts=3)
    assert claims.claim(engine, "dispatcher", LONG, limit=5) == []

    assert claims.wake_for_room(engine) == 1
    assert [job.id for job in claims.claim(engine, "dispatcher", LONG, limit=5)] == ["full"]


@pytest.mark.parametrize(
    ("failure", "number", "status", "waits"),
    [
        (Failure("x", "c"), 1, JobStatus.FAILED, False),
        (Failure("x", "c", can_pass=True), 1, JobStatus.PENDING, True),
        (Failure("x", "c", can_pass=True), 3, JobStatus.FAILED, False),
        (Failure("x", "c", waits_for_room=True), 9, JobStatus.PENDING, True),
    ],
)
def test_what_a_failed_attempt_makes_of_its_job(
    failure: Failure, number: int, status: JobStatus, waits: bool
) -> None:
    values, found = leases.values_of_failure(Attempt("j", number), failure, most_attempts=3)
    assert (found, values["status"]) == (status, status.value)
    assert (values["lease"], values["expires_at"], values["error_code"]) == (None, None, "c")
    assert (values["not_before"] is not None, values["ended_at"] is None) == (waits, waits)
    assert ("attempts_before" in values) == failure.waits_for_room


def test_attempts_before_a_retry_do_not_count() -> None:
    failure = Failure("x", "c", can_pass=True)
    _, status = leases.values_of_failure(Attempt("j", 3, before=2), failure, most_attempts=3)
    assert (Attempt("j", 3, before=2).tries, status) == (1, JobStatus.PENDING)
