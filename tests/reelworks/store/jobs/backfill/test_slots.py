"""Slots: jobs go through as the limits allow, and nothing is counted in memory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from reelworks.domain.jobs.backfill import BackfillStatus, Limits
from reelworks.domain.jobs.job import JobStatus, NewJob
from reelworks.store.db.database import transaction
from reelworks.store.jobs import claims
from reelworks.store.jobs.backfill.backfills import get_backfill, resume_backfill
from reelworks.store.jobs.backfill.slots import open_slots
from reelworks.store.jobs.jobs import add_jobs
from tests.support.backfill_jobs import Begin, claim, end
from tests.support.queued_jobs import LONG

pytestmark = pytest.mark.usefixtures("empty_library")


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
    assert get_backfill(engine, "bf").jobs[JobStatus.QUEUED] == 60


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
    assert one.jobs[JobStatus.QUEUED] == 7
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


def test_other_jobs_are_not_touched(engine: Engine, begin: Begin) -> None:
    begin(1)
    add_jobs(engine, [NewJob("alone", "bf-v000")])

    assert [job.id for job in claim(engine)] == ["bf-bf-v000"]
    assert [job.id for job in claims.claim(engine, "dispatcher", LONG, limit=9)] == ["alone"]
