"""A backfill's report."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import Engine

from reelworks.domain.jobs.backfill import BackfillStatus
from reelworks.domain.jobs.job import Failure, JobSelection, JobStatus
from reelworks.store.jobs.backfill.backfills import KIND
from reelworks.store.jobs.backfill.report import report_of
from reelworks.store.jobs.backfill.slots import open_slots
from reelworks.store.jobs.jobs import list_jobs
from tests.support.backfill_jobs import Begin, claim, end

pytestmark = pytest.mark.usefixtures("empty_library")


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
