"""Forms of a video's page: index it again, delete it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from starlette.datastructures import FormData

from reelworks.app.web.routes.videos import _stages
from reelworks.domain.jobs.job import JobSelection
from reelworks.errors import InputError
from reelworks.pipeline.spec import Stage
from reelworks.store.jobs import jobs as job_queue
from tests.reelworks.app.web.conftest import VIDEO


@pytest.mark.slow
def test_a_stage_is_recomputed(visitor, site):
    page = visitor.open(f"/watch/{VIDEO}")
    for waiting in job_queue.list_jobs(site.engine, JobSelection(video_id=VIDEO), limit=100):
        job_queue.cancel_jobs(site.engine, JobSelection(ids=(waiting.id,)))
    page.reload()

    page.get_by_text("Index again").click()
    page.get_by_label("Recompute").select_option(label="Transcribe speech")
    page.get_by_role("button", name="Start").click()

    expect(page.get_by_text("The job is in the queue.")).to_be_visible()
    job_id = page.url.rpartition("/")[2].partition("?")[0]
    job = job_queue.get_job(site.engine, job_id)
    assert (job.video_id, job.params) == (VIDEO, {"recompute": ["transcribe"]})
    job_queue.cancel_jobs(site.engine, JobSelection(ids=(job_id,)))


@pytest.mark.slow
def test_deleting_asks_first(visitor, site):
    site.post("/videos", json={"url": "https://example.org/x.mp4", "id": "gone", "index": False})
    page = visitor.open("/watch/gone")
    expect(page.get_by_role("button", name="Delete permanently")).to_be_hidden()

    page.get_by_text("Delete…").click()
    page.get_by_role("button", name="Delete permanently").click()

    expect(page.get_by_text("The video was deleted.")).to_be_visible()
    assert site.get("/videos/gone").status_code == 404


@pytest.mark.parametrize(
    ("fields", "stages"),
    [
        ([], []),
        ([("recompute", "")], []),
        ([("recompute", "vision"), ("recompute", "scenes")], [Stage.VISION, Stage.SCENES]),
    ],
)
def test_a_form_names_stages_or_none(fields, stages):
    assert _stages(FormData(fields)) == stages


def test_a_stage_that_does_not_exist_is_named():
    with pytest.raises(InputError, match="There is no stage 'dance'"):
        _stages(FormData([("recompute", "vision"), ("recompute", "dance")]))
