"""Bodies of requests: unknown names and empty selections are mistakes."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from reelworks.app.api.schemas.requests import (
    JobSelectionIn,
    NewJobIn,
    NewVideoIn,
    VideoSelectionIn,
)
from reelworks.domain.jobs.job import JobSelection, JobStatus
from reelworks.domain.library.library import VideoStatus
from reelworks.domain.library.selection import VideoSelection
from reelworks.operations.jobs.requests import JobRequest
from reelworks.pipeline.spec import Stage


def test_a_job_is_the_request_of_the_use_case():
    body = NewJobIn.model_validate(
        {
            "video_id": "talk",
            "params": {"language": "de", "library": "talks"},
            "recompute": ["vision"],
            "priority": 5,
        }
    )

    assert body.request() == JobRequest(
        video_id="talk", language="de", library="talks", recompute=(Stage.VISION,), priority=5
    )


@pytest.mark.parametrize(
    "body",
    [
        {"video_id": "talk", "again": True},
        {"video_id": "talk", "params": {"langage": "de"}},
        {"video_id": "talk", "recompute": ["dance"]},
        {"video_id": "talk", "kind": "sync"},
        {"video_id": "../talk"},
    ],
)
def test_what_is_not_known_is_refused(body):
    with pytest.raises(ValidationError):
        NewJobIn.model_validate(body)


@pytest.mark.parametrize("body", [{}, {"url": "http://a/b", "s3_key": "incoming/b"}])
def test_a_video_has_one_source(body):
    with pytest.raises(ValidationError, match="give one of url, s3_key and path"):
        NewVideoIn.model_validate(body)


@pytest.mark.parametrize("kind", [JobSelectionIn, VideoSelectionIn])
def test_a_selection_has_a_condition_or_says_all(kind):
    with pytest.raises(ValidationError, match="give a condition, or all: true"):
        kind.model_validate({})
    with pytest.raises(ValidationError):
        kind.model_validate({"all": False})


def test_all_is_a_selection_without_conditions():
    assert JobSelectionIn(all=True).selection() == JobSelection()
    assert VideoSelectionIn(all=True).selection() == VideoSelection()


def test_every_condition_reaches_the_domain():
    jobs = JobSelectionIn.model_validate(
        {"ids": ["a"], "statuses": ["failed"], "library": "talks", "error_code": "no_space"}
    )
    videos = VideoSelectionIn.model_validate(
        {"ids": ["a"], "status": "ready", "created_from": "2026-01-01T00:00:00Z"}
    )

    assert jobs.selection() == JobSelection(
        ids=("a",),
        statuses=frozenset({JobStatus.FAILED}),
        library="talks",
        error_code="no_space",
    )
    chosen = videos.selection()
    assert (chosen.ids, chosen.status) == (("a",), VideoStatus.READY)
    assert chosen.created_from is not None and chosen.created_from.year == 2026


def test_a_date_without_a_time_zone_is_refused():
    with pytest.raises(ValidationError, match="timezone"):
        VideoSelectionIn.model_validate({"created_from": "2026-01-01T00:00:00"})
