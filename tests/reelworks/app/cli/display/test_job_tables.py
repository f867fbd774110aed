"""Rows and lines of jobs."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime

from reelworks.app.cli.display.job_tables import (
    event_line,
    lease_line,
    outlook_line,
    progress_rows,
    stage_of,
)
from reelworks.domain.jobs.job import Job, JobEvent, JobStatus
from reelworks.domain.jobs.lease import CANCEL_PENDING, QUEUED, Lease
from reelworks.domain.jobs.outlook import JobOutlook
from reelworks.domain.jobs.progress import StageProgress


def job_with(**changes) -> Job:
    values = dict.fromkeys(field.name for field in fields(Job))
    values |= {"id": "j", "kind": "index", "status": JobStatus.RUNNING, "progress": {}}
    return Job(**(values | changes))


def test_the_stage_of_a_job_is_where_it_failed_or_what_it_runs_now():
    progress = {
        "scenes": StageProgress("running"),
        "vision": StageProgress("done"),
        "embed": StageProgress("running"),
    }
    assert stage_of(job_with(progress=progress)) == "scenes, embed"
    assert stage_of(job_with(progress=progress, status=JobStatus.CANCELLED)) == ""
    assert stage_of(job_with(error_stage="vision")) == "vision"


def test_a_job_has_a_row_for_each_stage_with_what_is_known_of_it():
    progress = {
        "scenes": StageProgress("running"),
        "vision": StageProgress(
            "done",
            seconds=1.26,
            items=3,
            unit="frames",
            model="local/rapidocr",
            note="one frame is blank",
        ),
    }
    assert progress_rows(job_with(progress=progress)) == [
        ("scenes", "running", "", "", "", ""),
        ("vision", "done", "1.3", "3 frames", "local/rapidocr", "one frame is blank"),
    ]


def test_a_lease_says_who_has_the_job():
    assert lease_line(QUEUED) == "Its flow run waits for a worker."
    assert lease_line(CANCEL_PENDING) == "Its flow run is yet to be cancelled in Prefect."
    assert lease_line(Lease.of_run("5f0c")) == "The flow run 5f0c works on it."
    assert lease_line(Lease("dispatcher:a:1:b")) == "A dispatcher creates or inspects its flow run."


def test_an_event_is_one_line():
    at = datetime(2026, 11, 27, tzinfo=UTC)
    shown = at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    assert event_line(JobEvent(at, JobStatus.FAILED, 2, None)) == f"  {shown}  failed, attempt 2"
    line = event_line(JobEvent(at, JobStatus.CANCELLED, 1, "Cancelled by ann."))
    assert line == f"  {shown}  cancelled, attempt 1  Cancelled by ann."


def test_what_to_expect_of_a_job_is_one_line():
    assert outlook_line(JobOutlook(3, 600)) == "Number 3 in the queue, about 10.0 min left."
    assert outlook_line(JobOutlook(None, 0.2)) == "About 1.0 s left."
    assert outlook_line(JobOutlook(None, None)) == ""
