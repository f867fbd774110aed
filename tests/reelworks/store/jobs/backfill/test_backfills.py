"""Backfills: paused, resumed, cancelled, and over."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from reelworks.domain.jobs.backfill import BackfillStatus
from reelworks.domain.jobs.job import Failure, JobSelection, JobStatus
from reelworks.domain.library.selection import VideoSelection
from reelworks.errors import InputError, UnknownBackfillError
from reelworks.store.jobs.backfill.backfills import (
    cancel_backfill,
    get_backfill,
    pause_backfill,
    resume_backfill,
    same_under_way,
)
from reelworks.store.jobs.backfill.report import report_of
from reelworks.store.jobs.backfill.slots import open_slots
from reelworks.store.jobs.jobs import get_job, retry_jobs
from tests.support.backfill_jobs import Begin, claim, end

pytestmark = pytest.mark.usefixtures("empty_library")


def test_paused_nothing_starts_and_what_runs_goes_on(engine: Engine, begin: Begin) -> None:
    begin(4, in_flight=1)
    (running,) = claim(engine)
    pause_backfill(engine, "bf")
    end(engine, running)
    assert claim(engine) == []

    resume_backfill(engine, "bf")
    assert len(claim(engine)) == 1


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
    assert same_under_way(engine, VideoSelection(source="/bf", library="news")) is None

    cancel_backfill(engine, "bf")
    assert same_under_way(engine, one.selection) is None


def test_nobody_knows_it(engine: Engine) -> None:
    for ask in (get_backfill, cancel_backfill, pause_backfill, resume_backfill, report_of):
        with pytest.raises(UnknownBackfillError, match="nope"):
            ask(engine, "nope")
