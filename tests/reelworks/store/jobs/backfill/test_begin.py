"""Beginning a backfill puts all of its jobs into the queue."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from reelworks.domain.jobs.job import BACKFILL, JobSelection, JobStatus
from reelworks.store.db.database import transaction
from reelworks.store.jobs import claims
from reelworks.store.jobs.backfill.backfills import list_backfills
from reelworks.store.jobs.jobs import list_jobs
from tests.support.backfill_jobs import Begin
from tests.support.queued_jobs import LONG

pytestmark = pytest.mark.usefixtures("empty_library")


def test_all_jobs_wait_from_the_start_behind_everything_else(engine: Engine, begin: Begin) -> None:
    one = begin(3)

    jobs = list_jobs(engine, JobSelection(backfill_id="bf"), limit=10)
    assert one.jobs[JobStatus.QUEUED] == one.total == one.left == 3
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
