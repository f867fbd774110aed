"""Job requests: who may queue which job for a video of the library."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reelworks.domain.jobs.job import JobSelection
from reelworks.errors import ForbiddenError, InputError, UnknownVideoError, UnsafeAddressError
from reelworks.operations.jobs.requests import JobRequest, index_params, submit_job
from reelworks.operations.submit import submit_video
from reelworks.store.jobs.jobs import list_jobs
from reelworks.store.library.ownership import VideoWishes
from tests.support.submissions import ANN, BOB, TALK


def test_a_job_for_a_video_of_the_library(library):
    submit_video(library, ANN, replace(TALK, index=False))

    job = submit_job(
        library, BOB, JobRequest("talk", recompute=("vision",), priority=3), lambda: "job-mine"
    )

    assert (job.id, job.priority, job.requested_by) == ("job-mine", 3, "bob")
    assert job.params == {"recompute": ["vision"]}


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (JobRequest("unknown"), UnknownVideoError),
        (JobRequest("talk", library="private"), ForbiddenError),
        (JobRequest("talk", language="de"), ForbiddenError),
        (JobRequest("talk", source="https://93.184.215.14/other.mp4"), ForbiddenError),
        (JobRequest("talk", source="/etc/passwd"), ForbiddenError),
        (JobRequest("talk", source="http://127.0.0.1/a.mp4"), UnsafeAddressError),
        (JobRequest("talk", webhook_url="https://93.184.215.14/h"), InputError),
    ],
)
def test_a_job_that_is_not_allowed_is_not_queued(library, request_, error):
    submit_video(library, ANN, replace(TALK, index=False))
    without_webhooks = replace(
        library,
        settings=library.settings.with_values(webhook_secret=None, fetch_private_addresses=False),
    )

    with pytest.raises(error):
        submit_job(without_webhooks, BOB, request_)

    assert list_jobs(library.engine, JobSelection(), limit=9) == []


def test_parameters_that_are_not_given_are_left_to_the_flow():
    assert index_params(VideoWishes()) == {}
    assert index_params(VideoWishes("/a", "talks", "de", 2), ("vision",)) == {
        "source": "/a",
        "language": "de",
        "library": "talks",
        "audio_track": 2,
        "recompute": ["vision"],
    }
