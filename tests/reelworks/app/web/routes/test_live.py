"""Pages follow running jobs over one stream."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from reelworks.app.api.schemas.jobs import JobState
from reelworks.app.web.routes.live import _short
from reelworks.app.web.wording import UNBEGUN
from reelworks.domain.jobs.job import JobSelection
from reelworks.domain.jobs.progress import StageProgress
from reelworks.domain.library.access import Caller, Scope
from reelworks.store.jobs import jobs as job_queue
from tests.support.sample_jobs import JOB


@pytest.mark.slow
def test_the_list_follows_what_others_do(visitor, site, job):
    waits = job()
    page = visitor.open("/jobs")
    expect(page.locator(f"#job-{waits}")).to_contain_text("Queued")

    job_queue.cancel_jobs(site.engine, JobSelection(ids=(waits,)))
    new = job()

    expect(page.locator(f"#job-{waits}")).to_contain_text("Cancelled")
    expect(page.locator(f"#job-{new}")).to_contain_text("Queued")


def test_a_job_in_the_stream_names_its_running_stages_for_people():
    stages = {"ingest": StageProgress("done"), "vision": StageProgress(done=1, total=4)}
    state = JobState.of(replace(JOB, progress=stages), Caller("", (Scope.ADMIN,)))

    short = _short(state)

    assert (short["id"], short["video"], short["status"]) == ("j", "talk", "running")
    assert short["stages"] == ["Read and describe frames"]
    assert 0 < short["share"] < 1


def test_a_job_whose_run_has_not_begun_says_so():
    assert _short(JobState.of(JOB, Caller("", (Scope.ADMIN,))))["stages"] == [UNBEGUN]
