"""The jobs pages in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from reelworks.store.jobs import dispatchers
from reelworks.store.jobs import jobs as job_queue

pytestmark = pytest.mark.slow


def test_a_failed_job_says_why_and_is_retried(visitor, site, job):
    job_id = job(failed=True)
    page = visitor.open("/jobs?status=failed")

    row = page.locator(f"#job-{job_id}")
    expect(row).to_contain_text("Read and describe frames: The provider is busy.")
    row.get_by_role("button", name="Retry").click()

    expect(page.get_by_text("1 job waits for another run.")).to_be_visible()
    assert job_queue.get_job(site.engine, job_id).status == "pending"


def test_ticked_jobs_are_cancelled_together(visitor, site, job):
    ids = [job(), job()]
    page = visitor.open("/jobs?status=pending")

    for one in ids:
        page.locator(f"#job-{one}").get_by_role("checkbox").check()
    expect(page.locator("#ticked")).to_have_text(" 2")
    page.get_by_role("group").get_by_role("button", name="Cancel").click()

    expect(page.get_by_text("2 jobs were cancelled.")).to_be_visible()
    assert {job_queue.get_job(site.engine, one).status for one in ids} == {"cancelled"}
    assert "status=pending" in page.url  # the filter stays


def test_all_that_match_a_filter_are_retried(visitor, site, job):
    failed = [job(failed=True), job(failed=True)]
    page = visitor.open("/jobs?error_code=rate_limited&status=failed")

    page.get_by_label(re.compile("All that match")).check()
    page.get_by_role("group").get_by_role("button", name="Retry").click()

    expect(page.get_by_text("jobs wait for another run.")).to_be_visible()
    assert {job_queue.get_job(site.engine, one).status for one in failed} == {"pending"}


def test_a_priority_is_set(visitor, site, job):
    job_id = job()
    page = visitor.open("/jobs")

    page.locator(f"#job-{job_id}").get_by_role("checkbox").check()
    page.get_by_label("Priority").fill("7")
    page.get_by_role("button", name="Set").click()

    expect(page.locator(f"#job-{job_id}")).to_contain_text("priority 7")
    assert job_queue.get_job(site.engine, job_id).priority == 7


def test_the_dispatcher_is_paused_and_goes_on(visitor, site):
    page = visitor.open("/jobs")

    page.get_by_role("button", name="Pause dispatcher").click()
    expect(page.get_by_text("waiting jobs do not start")).to_be_visible()
    assert dispatchers.is_paused(site.engine)
    page.get_by_role("button", name="Resume dispatcher").click()
    expect(page.get_by_role("button", name="Pause dispatcher")).to_be_visible()
    assert not dispatchers.is_paused(site.engine)
