"""Backfills: jobs go through as the limits allow, and nothing is counted in memory."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from reelworks.domain.jobs.backfill import Backfill, BackfillStatus, Limits, Selection
from reelworks.domain.jobs.job import BACKFILL, Failure, Job, JobSelection, JobStatus, NewJob
from reelworks.domain.jobs.usage import BilledUsage, Usage
from reelworks.errors import InputError, UnknownBackfillError
from reelworks.store.db.database import transaction
from reelworks.store.jobs import claims, leases
from reelworks.store.jobs.attempts import Attempt
from reelworks.store.jobs.backfill.backfills import (
    KIND,
    cancel_backfill,
    get_backfill,
    list_backfills,
    pause_backfill,
    resume_backfill,
    same_under_way,
)
from reelworks.store.jobs.backfill.begin import BackfillVideo, NewBackfill, begin_backfill
from reelworks.store.jobs.backfill.report import report_of
from reelworks.store.jobs.backfill.slots import claim_of_backfills, open_slots
from reelworks.store.jobs.jobs import add_jobs, get_job, list_jobs, retry_jobs
from reelworks.store.jobs.leases import Heartbeat

LONG = 60.0
Begin = Callable[..., Backfill]


@pytest.fixture(autouse=True)
def empty(engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(
            text("TRUNCATE videos, jobs, dispatcher_state, backfills, sources CASCADE")
        )


@pytest.fixture
def begin(engine: Engine) -> Begin:
    def make(count: int = 10, name: str = "bf", cost: str = "0", **limits) -> Backfill:
        new = NewBackfill(
            id=name,
            selection=Selection(source=f"/{name}", library="films"),
            limits=Limits(**limits),
            plan={"videos": count, "to_do": count, "cost": cost},
            videos=[BackfillVideo(f"{name}-v{n:03d}", f"/{name}/{n}.mp4") for n in range(count)],
        )
        return begin_backfill(engine, new)

    return make


def claim(engine: Engine, limit: int = 100) -> list[Job]:
    return claim_of_backfills(engine, "dispatcher", LONG, limit=limit)


def end(engine: Engine, job: Job, *, cost: str = "0", failure: Failure | None = None) -> None:
    attempt, run = Attempt(job.id, job.attempts), f"run-{job.id}"
    leases.begin(engine, attempt, run, LONG)
    message = Heartbeat({}, {"openai/m": BilledUsage(Usage(calls=1), Decimal(cost))}, Decimal(cost))
    if failure:
        leases.fail(engine, attempt, run, failure, most_attempts=1, heartbeat=message)
    else:
        leases.finish(engine, attempt, run, message, {})


def test_all_jobs_wait_from_the_start_behind_everything_else(engine: Engine, begin: Begin) -> None:
    one = begin(3)

    jobs = list_jobs(engine, JobSelection(backfill_id="bf"), limit=10)
    assert one.jobs[JobStatus.PENDING] == one.total == one.left == 3
    assert {job.priority for job in jobs} == {BACKFILL}
    assert {job.params["source"] for job in jobs} == {f"/bf/{n}.mp4" for n in range(3)}
    assert claims.claim(engine, "dispatcher", LONG, limit=9) == [], (
        "they go through claim_of_backfills"
    )


def test_begun_twice_it_is_there_once(engine: Engine, begin: Begin) -> None:
    begin(3)
    again = begin(3)

    assert again.total == 3
    assert [one.id for one in list_backfills(engine)] == ["bf"]


def test_a_window_of_runs_moves_over_the_jobs(engine: Engine, begin: Begin) -> None:
    begin(5, in_flight=2)
    first = claim(engine)
    assert len(first) == 2
    assert claim(engine) == []

    end(engine, first[0])
    assert len(claim(engine)) == 1


def test_several_intakes_never_start_more_than_it_may(engine: Engine, begin: Begin) -> None:
    begin(60, in_flight=7)
    with ThreadPoolExecutor(6) as intakes:
        taken = list(intakes.map(lambda _: claim(engine), range(24)))

    ids = [job.id for some in taken for job in some]
    assert len(ids) == len(set(ids)) == 7
    assert get_backfill(engine, "bf").jobs[JobStatus.PROCESSING] == 7


def test_the_oldest_backfill_goes_first_and_the_rest_is_shared_out(
    engine: Engine, begin: Begin
) -> None:
    begin(5, "old", in_flight=3)
    begin(5, "new", in_flight=3)

    assert open_slots(engine) == [("old", 3), ("new", 3)]
    assert [job.backfill_id for job in claim(engine, limit=4)] == ["old"] * 3 + ["new"]


def test_starts_in_an_hour_are_counted_in_the_ledger(engine: Engine, begin: Begin) -> None:
    begin(9, in_flight=9, per_hour=4)
    for job in claim(engine):
        end(engine, job)
    assert claim(engine) == []

    with transaction(engine) as connection:
        connection.execute(text("UPDATE job_events SET at = at - interval '61 minutes'"))
    assert len(claim(engine)) == 4


def test_a_budget_stops_new_work_and_says_so(engine: Engine, begin: Begin) -> None:
    begin(10, in_flight=4, cost="10", budget=Decimal("3.50"))  # a dollar each by the plan
    spent = 0
    while jobs := claim(engine):
        assert len(jobs) <= 3
        for job in jobs:
            end(engine, job, cost="1")
            spent += 1

    one = get_backfill(engine, "bf")
    assert spent == 3, "the fourth would have cost more than there is"
    assert one.cost == 3
    assert one.status is BackfillStatus.STOPPED
    assert "budget of 3.50 USD" in str(one.reason)
    assert one.jobs[JobStatus.PENDING] == 7
    assert claim(engine) == []


def test_a_budget_reckons_with_what_videos_really_cost(engine: Engine, begin: Begin) -> None:
    begin(10, in_flight=1, cost="1", budget=Decimal(3))  # planned at ten cents, dearer in truth
    for _ in range(3):
        for job in claim(engine):
            end(engine, job, cost="1.20")

    one = get_backfill(engine, "bf")
    assert one.jobs[JobStatus.DONE] == 2
    assert one.cost <= 3
    assert one.status is BackfillStatus.STOPPED


def test_a_raised_budget_resumes(engine: Engine, begin: Begin) -> None:
    begin(3, cost="3", budget=Decimal(1))
    for job in claim(engine):
        end(engine, job, cost="1")
    assert claim(engine) == []

    resume_backfill(engine, "bf", Limits(budget=Decimal(5)))
    assert len(claim(engine)) == 2


def test_what_costs_nothing_is_not_held_up_by_a_budget(engine: Engine, begin: Begin) -> None:
    begin(5, in_flight=5, budget=Decimal("0.01"))
    assert len(claim(engine)) == 5


def test_paused_nothing_starts_and_what_runs_goes_on(engine: Engine, begin: Begin) -> None:
    begin(4, in_flight=1)
    (running,) = claim(engine)
    pause_backfill(engine, "bf")
    end(engine, running)
    assert claim(engine) == []

    resume_backfill(engine, "bf")
    assert len(claim(engine)) == 1


def test_one_bad_file_never_stops_it_and_the_report_names_it(engine: Engine, begin: Begin) -> None:
    begin(3, in_flight=3)
    bad = Failure("/bf/1.mp4 is empty; upload it again.", "unsupported_media", "ingest")
    for job in claim(engine):
        end(engine, job, cost="0.5", failure=bad if job.id.endswith("001") else None)
    open_slots(engine)

    report = report_of(engine, "bf")
    assert report.backfill.status is BackfillStatus.DONE
    assert report.backfill.jobs[JobStatus.DONE] == 2
    (failed,) = report.failures
    assert (failed.source, failed.stage, failed.reason) == ("/bf/1.mp4", "ingest", bad.reason)
    assert report.usage["openai/m"].calls == 3
    assert report.backfill.cost == Decimal("1.5")


def test_its_end_asks_for_the_report_once(engine: Engine, begin: Begin) -> None:
    begin(1)
    for job in claim(engine):
        end(engine, job)
    for _ in range(3):
        open_slots(engine)

    (report,) = list_jobs(engine, JobSelection(kind=KIND), limit=9)
    assert report.params == {"backfill_id": "bf", "report": True}
    assert report.backfill_id is None


def test_a_failed_video_that_is_tried_again_belongs_to_it_still(
    engine: Engine, begin: Begin
) -> None:
    begin(1)
    for job in claim(engine):
        end(engine, job, failure=Failure("No.", "bad", "ingest"))
    open_slots(engine)
    assert get_backfill(engine, "bf").status is BackfillStatus.DONE

    retry_jobs(engine, JobSelection(backfill_id="bf"))
    for job in claim(engine):
        end(engine, job)
    open_slots(engine)

    assert get_backfill(engine, "bf").jobs[JobStatus.DONE] == 1
    assert get_backfill(engine, "bf").status is BackfillStatus.DONE


def test_cancelled_nothing_of_it_waits(engine: Engine, begin: Begin) -> None:
    begin(4, in_flight=1)
    (running,) = claim(engine)

    assert len(cancel_backfill(engine, "bf")) == 4
    assert get_job(engine, running.id).status is JobStatus.CANCELLED
    assert get_backfill(engine, "bf").status is BackfillStatus.CANCELLED
    assert open_slots(engine) == []
    with pytest.raises(InputError, match="cancelled"):
        resume_backfill(engine, "bf")


def test_the_same_selection_is_the_same_backfill_until_it_is_over(
    engine: Engine, begin: Begin
) -> None:
    one = begin(1)
    assert same_under_way(engine, one.selection) == one
    assert same_under_way(engine, Selection(source="/bf", library="news")) is None

    cancel_backfill(engine, "bf")
    assert same_under_way(engine, one.selection) is None


def test_a_row_without_jobs_is_a_beginning_and_not_an_end(engine: Engine, begin: Begin) -> None:
    with transaction(engine) as connection:
        connection.execute(
            text("INSERT INTO backfills (id, plan) VALUES ('bf', '{\"videos\": 2}')")
        )
    open_slots(engine)
    assert get_backfill(engine, "bf").status is BackfillStatus.RUNNING

    assert begin(2).total == 2


def test_a_backfill_of_nothing_is_done(engine: Engine, begin: Begin) -> None:
    begin(0)
    open_slots(engine)
    assert get_backfill(engine, "bf").status is BackfillStatus.DONE


def test_a_video_that_the_library_has_stays_as_it_is(engine: Engine, begin: Begin) -> None:
    with transaction(engine) as connection:
        connection.execute(
            text(
                "INSERT INTO videos (id, original_path, status, library)"
                " VALUES ('bf-v000', '/old.mp4', 'ready', 'news')"
            )
        )
    begin(1)
    with transaction(engine) as connection:
        row = connection.execute(text("SELECT original_path, status, library FROM videos")).one()
    assert tuple(row) == ("/old.mp4", "ready", "news")


def test_nobody_knows_it(engine: Engine) -> None:
    for ask in (get_backfill, cancel_backfill, pause_backfill, resume_backfill, report_of):
        with pytest.raises(UnknownBackfillError, match="nope"):
            ask(engine, "nope")


def test_other_jobs_are_not_touched(engine: Engine, begin: Begin) -> None:
    begin(1)
    add_jobs(engine, [NewJob("alone", "bf-v000")])

    assert [job.id for job in claim(engine)] == ["bf-bf-v000"]
    assert [job.id for job in claims.claim(engine, "dispatcher", LONG, limit=9)] == ["alone"]
