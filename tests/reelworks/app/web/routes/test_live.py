"""Pages follow running jobs over one stream."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from reelworks.domain.jobs.job import JobSelection
from reelworks.store.jobs import jobs as job_queue


@pytest.mark.slow
def test_the_list_follows_what_others_do(visitor, site, job):
    waits = job()
    page = visitor.open("/jobs")
    expect(page.locator(f"#job-{waits}")).to_contain_text("Waiting")

    job_queue.cancel_jobs(site.engine, JobSelection(ids=(waits,)))
    new = job()

    expect(page.locator(f"#job-{waits}")).to_contain_text("Cancelled")
    expect(page.locator(f"#job-{new}")).to_contain_text("Waiting")
