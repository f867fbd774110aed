"""Query parameters and bodies become selections, filters and searches of the domain."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from reelworks.app.api.schemas.queries import (
    CutQuery,
    FilterQuery,
    JobQuery,
    SearchQuery,
    SimilarQuery,
    VideoQuery,
)
from reelworks.app.api.schemas.requests import (
    JobSelectionIn,
    NewJobIn,
    NewVideoIn,
    Rerun,
    VideoSelectionIn,
)
from reelworks.domain.jobs.job import JobSelection, JobStatus
from reelworks.domain.library.library import VideoStatus
from reelworks.domain.library.search import Filters, Kind, SearchRequest
from reelworks.domain.library.selection import VideoSelection
from reelworks.errors import InputError
from reelworks.operations.job_requests import JobRequest
from reelworks.operations.search import NextPage

SINCE = datetime(2026, 1, 31, tzinfo=UTC)


def test_a_list_of_videos_selects_what_its_query_says():
    query = VideoQuery.model_validate(
        {"library": "talks", "status": "ready", "title": "team", "created_from": SINCE, "limit": 3}
    )

    assert query.selection() == VideoSelection(
        library="talks", status=VideoStatus.READY, title="team", created_from=SINCE
    )


def test_a_list_of_jobs_selects_what_its_query_says():
    query = JobQuery.model_validate({"status": ["failed", "cancelled"], "error_code": "no_space"})

    assert query.selection() == JobSelection(
        statuses=frozenset({JobStatus.FAILED, JobStatus.CANCELLED}), error_code="no_space"
    )


def test_empty_queries_select_everything():
    assert VideoQuery().selection() == VideoSelection()
    assert JobQuery().selection() == JobSelection()
    assert FilterQuery().filters() == Filters()


def test_filters_of_a_search():
    query = FilterQuery.model_validate(
        {
            "video_id": ["a", "b"],
            "library": ["talks"],
            "language": ["de"],
            "speaker": ["Ann Lee"],
            "ready_to": SINCE,
            "min_seconds": 1.5,
            "text_on_screen": False,
        }
    )

    assert query.filters() == Filters(
        video_ids=("a", "b"),
        libraries=("talks",),
        languages=("de",),
        speakers=("Ann Lee",),
        ready_to=SINCE,
        min_seconds=1.5,
        text_on_screen=False,
    )


def test_a_search_and_its_next_page():
    query = SearchQuery.model_validate({"q": "fish", "in": ["speech"], "limit": 4})
    everywhere = SearchQuery(q="")
    following = SearchQuery(cursor="c", limit=4)

    assert query.request() == SearchRequest("fish", frozenset({Kind.SPEECH}), Filters(), 4)
    assert everywhere.request() == SearchRequest("", frozenset(Kind), Filters(), 10)
    assert following.request() == NextPage("c", 4)


@pytest.mark.parametrize("values", [{}, {"q": "fish", "cursor": "c"}])
def test_a_search_has_either_words_or_a_cursor(values):
    with pytest.raises(InputError, match="Give q, or the cursor"):
        SearchQuery(**values).request()


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (VideoQuery, {"library": "Talks"}),
        (VideoQuery, {"language": "german"}),
        (VideoQuery, {"status": "gone"}),
        (VideoQuery, {"title": ""}),
        (VideoQuery, {"limit": 0}),
        (VideoQuery, {"limit": 501}),
        (VideoQuery, {"created_from": "2026-01-31T00:00:00"}),
        (VideoQuery, {"colour": "red"}),
        (VideoQuery, {"cursor": "c" * 1001}),
        (JobQuery, {"status": ["lost"]}),
        (JobQuery, {"video_id": "-a"}),
        (JobQuery, {"backfill_id": ""}),
        (JobQuery, {"error_code": "No space"}),
        (FilterQuery, {"video_id": ["a"] * 201}),
        (FilterQuery, {"min_seconds": -1}),
        (FilterQuery, {"max_seconds": float("nan")}),
        (FilterQuery, {"max_seconds": 1e10}),
        (SearchQuery, {"q": "a" * 1001}),
        (SearchQuery, {"q": "a", "in": ["sound"]}),
        (CutQuery, {"q": "a", "handles": -1}),
        (SimilarQuery, {"farthest": 65}),
    ],
)
def test_queries_out_of_range_are_refused(model, values):
    with pytest.raises(ValidationError):
        model.model_validate(values)


@pytest.mark.parametrize("sources", [{}, {"url": "http://a/b", "path": "/b"}])
def test_a_new_video_has_exactly_one_source(sources):
    with pytest.raises(ValidationError, match="give one of url, s3_key and path"):
        NewVideoIn.model_validate(sources)


def test_a_new_job_becomes_a_request_of_the_use_case():
    body = NewJobIn.model_validate(
        {
            "video_id": "talk",
            "params": {"language": "de", "source": "/a.mp4", "audio_track": 2},
            "recompute": ["vision"],
            "priority": -5,
            "webhook_url": "https://example.org/h",
        }
    )

    assert body.request() == JobRequest(
        "talk",
        source="/a.mp4",
        language="de",
        audio_track=2,
        recompute=("vision",),
        priority=-5,
        webhook_url="https://example.org/h",
    )


@pytest.mark.parametrize(
    "values",
    [
        {"video_id": "talk", "recompute": ["everything"]},
        {"video_id": "talk", "kind": "sync"},
        {"video_id": "talk", "priority": 1001},
        {"video_id": "talk", "params": {"pool": "gpu"}},
        {"video_id": "a" * 129},
    ],
)
def test_new_jobs_out_of_range_are_refused(values):
    with pytest.raises(ValidationError):
        NewJobIn.model_validate(values)


@pytest.mark.parametrize("model", [JobSelectionIn, VideoSelectionIn])
def test_a_selection_in_a_body_is_never_empty_by_accident(model):
    with pytest.raises(ValidationError, match="give a condition, or all: true"):
        model.model_validate({})
    with pytest.raises(ValidationError):
        model.model_validate({"all": False})


def test_selections_in_bodies():
    jobs = JobSelectionIn.model_validate({"ids": ["a", "b"], "statuses": ["failed"]})
    videos = Rerun.model_validate({"stage": "vision", "videos": {"ids": ["a"], "status": "ready"}})

    assert jobs.selection() == JobSelection(ids=("a", "b"), statuses=frozenset({JobStatus.FAILED}))
    assert videos.videos.selection() == VideoSelection(ids=("a",), status=VideoStatus.READY)
    assert JobSelectionIn(all=True).selection() == JobSelection()
    assert VideoSelectionIn(all=True).selection() == VideoSelection()
    assert JobSelectionIn(ids=[]).selection() == JobSelection(ids=())
