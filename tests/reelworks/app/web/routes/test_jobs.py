"""The jobs pages in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from reelworks.domain.jobs.job import JobStatus
from reelworks.store.jobs import dispatchers
from reelworks.store.jobs import jobs as job_queue

pytestmark = pytest.mark.slow


def test_a_failed_job_says_why_and_is_retried(visitor, site, job):
    job_id = job(failed=True)
    page = visitor.open("/jobs?status=failed")

    row = page.locator(f"#job-{job_id}")
    expect(row).to_contain_text("Read and describe frames: The provider is busy.")
    row.get_by_role("button", name="Retry").click()

    expect(page.get_by_text("1 job is queued again.")).to_be_visible()
    assert job_queue.get_job(site.engine, job_id).status == "queued"


def test_ticked_jobs_are_cancelled_together(visitor, site, job):
    ids = [job(), job()]
    page = visitor.open("/jobs?status=queued")

    for one in ids:
        page.locator(f"#job-{one}").get_by_role("checkbox").check()
    expect(page.locator("#ticked")).to_have_text(" 2")
    page.get_by_role("group").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cancel 2 jobs?")
    assert {job_queue.get_job(site.engine, one).status for one in ids} == {"queued"}
    page.get_by_role("button", name="Cancel 2 jobs").click()

    expect(page.get_by_text("2 jobs were cancelled.")).to_be_visible()
    assert {job_queue.get_job(site.engine, one).status for one in ids} == {"cancelled"}
    assert "status=queued" in page.url  # the filter stays


def test_all_that_match_a_filter_are_retried(visitor, site, job):
    failed = [job(failed=True), job(failed=True)]
    page = visitor.open("/jobs?error_code=rate_limited&status=failed")

    page.get_by_label(re.compile("All that match")).check()
    page.get_by_role("group").get_by_role("button", name="Retry").click()
    expect(page.locator("main")).to_contain_text("status failed, error code rate limited")
    page.get_by_role("button", name=re.compile(r"Retry \d+ jobs")).click()

    expect(page.get_by_text("jobs are queued again.")).to_be_visible()
    assert {job_queue.get_job(site.engine, one).status for one in failed} == {"queued"}


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_all_jobs_are_changed_only_once_their_number_is_confirmed(visitor, site, job, scripts):
    ids = [job(), job(), job()]
    page = visitor.open("/jobs", java_script_enabled=scripts)
    number = job_queue.count_jobs(site.engine)[JobStatus.QUEUED]

    page.locator("input[name=which][value=matching]").check()
    page.get_by_role("group").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Cancel {number} jobs?")
    page.get_by_role("link", name="Go back").click()
    expect(page).to_have_url(re.compile("/jobs$"))
    assert {job_queue.get_job(site.engine, one).status for one in ids} == {"queued"}

    page.locator("input[name=which][value=matching]").check()
    page.get_by_role("group").get_by_role("button", name="Cancel").click()
    late = job()
    page.get_by_role("button", name=f"Cancel {number} jobs").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Cancel {number + 1} jobs?")
    page.get_by_role("button", name=f"Cancel {number + 1} jobs").click()

    expect(page.get_by_text(f"{number + 1} jobs were cancelled.")).to_be_visible()
    for one in (*ids, late):
        assert job_queue.get_job(site.engine, one).error == "Cancelled by the local user."


def test_the_counts_follow_the_filter(visitor, job):
    job(failed=True)
    page = visitor.open("/jobs?video_id=nothing")

    for name in ("All", "Queued", "Running", "Done", "Failed", "Cancelled"):
        tab = page.get_by_role("navigation", name="Jobs by status").get_by_role("link", name=name)
        expect(tab).to_have_text(f"{name} 0")


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
    expect(page.get_by_text("queued jobs do not start")).to_be_visible()
    assert dispatchers.is_paused(site.engine)
    page.get_by_role("button", name="Resume dispatcher").click()
    expect(page.get_by_role("button", name="Pause dispatcher")).to_be_visible()
    assert not dispatchers.is_paused(site.engine)
