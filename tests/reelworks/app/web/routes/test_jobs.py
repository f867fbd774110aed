"""The jobs pages in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from reelworks.store.jobs import dispatchers
from reelworks.store.jobs import jobs as job_queue
from tests.reelworks.app.web.conftest import VIDEO

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


def test_the_list_follows_what_others_do(visitor, site, job):
    waits = job()
    page = visitor.open("/jobs")
    expect(page.locator(f"#job-{waits}")).to_contain_text("Waiting")

    from reelworks.domain.jobs.job import JobSelection

    job_queue.cancel_jobs(site.engine, JobSelection(ids=(waits,)))
    new = job()

    expect(page.locator(f"#job-{waits}")).to_contain_text("Cancelled")
    expect(page.locator(f"#job-{new}")).to_contain_text("Waiting")


def test_a_job_shows_what_became_of_it(visitor, job):
    job_id = job(failed=True)
    page = visitor.open(f"/jobs/{job_id}")

    expect(page.get_by_role("heading", level=1)).to_have_text("Indexing of voicestudio-en")
    history = page.locator("#events li")
    expect(history).to_have_count(3)
    expect(history.last).to_contain_text("Failed, attempt 1: The provider is busy.")
    expect(page.get_by_role("link", name="Watch")).to_have_attribute("href", f"/watch/{VIDEO}")
    prefect = page.get_by_role("link", name="Run and log in Prefect")
    expect(prefect).to_have_attribute("href", re.compile(f"/runs/flow-run/run-{job_id}$"))
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("1 job waits for another run.")).to_be_visible()
