"""A queued job goes to one dispatcher at a time."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from reelworks.domain.jobs.job import BACKFILL, Failure
from reelworks.store.db.database import transaction
from reelworks.store.jobs import claims, leases
from reelworks.store.jobs.attempts import Attempt, attempt_of
from reelworks.store.jobs.dispatchers import pause_dispatcher, resume_dispatcher
from reelworks.store.jobs.jobs import get_job
from tests.support.queued_jobs import LONG, put, taken

pytestmark = pytest.mark.usefixtures("empty_queue")


def test_a_bare_insert_is_claimed(engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(text("INSERT INTO jobs (id, video_id) VALUES ('j', 'v')"))

    (job,) = claims.claim(engine, "dispatcher", LONG, limit=5)

    assert (job.id, job.kind, job.status, job.attempts) == ("j", "index", "queued", 1)
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


def test_only_what_a_full_disk_stopped_goes_on_once_there_is_room(engine: Engine) -> None:
    for job_id, code in (("full", "no_space"), ("busy", "rate_limited")):
        put(engine, job_id)
        (job,) = claims.claim(engine, "dispatcher", LONG, limit=1)
        leases.begin(engine, attempt_of(job), job_id, LONG)
        failure = Failure("Later.", code, can_pass=True)
        leases.fail(engine, attempt_of(job), job_id, failure, most_attempts=3)
    assert claims.claim(engine, "dispatcher", LONG, limit=5) == []

    assert claims.wake_for_room(engine) == 1
    assert [job.id for job in claims.claim(engine, "dispatcher", LONG, limit=5)] == ["full"]
