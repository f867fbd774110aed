"""A job's page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from reelworks.app.web.routes.job import run_address
from reelworks.settings import Settings
from tests.reelworks.app.web.conftest import VIDEO


@pytest.mark.slow
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
    expect(page.get_by_text("1 job is queued again.")).to_be_visible()


@pytest.mark.parametrize(
    ("api", "run", "address"),
    [
        ("http://prefect:4200/api", "r1", "http://prefect:4200/runs/flow-run/r1"),
        ("http://prefect:4200/api/", "r1", "http://prefect:4200/runs/flow-run/r1"),
        ("http://prefect:4200/api", None, None),
        ("http://proxy/prefect", "r1", None),
        (None, "r1", None),
    ],
)
def test_a_run_is_linked_where_the_ui_is_known(api, run, address):
    assert run_address(Settings(_env_file=None, prefect_api_url=api), run) == address
