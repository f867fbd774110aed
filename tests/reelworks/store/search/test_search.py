"""Search finds what was said, shown and written, says why, and stays silent otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import Engine

from reelworks.domain.library.library import VideoStatus
from reelworks.domain.library.search import Kind
from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.errors import InputError, UnknownVideoError
from reelworks.store.library.publish import publish_transcript
from reelworks.store.library.video_status import claim_video, set_status
from reelworks.store.search.publish_vectors import publish_segment_vectors
from tests.support.searched_talk import SMALL, find, marked, toward, unit

pytestmark = pytest.mark.usefixtures("talk")


@pytest.mark.parametrize(
    ("query", "kind", "t_start", "marks"),
    [
        ("moon", Kind.SPEECH, 0.0, ["moon"]),
        ("run test", Kind.SPEECH, 8.0, ["running", "tests"]),
        ('"worst of times"', Kind.SPEECH, 16.0, ["times", "worst", "times"]),
        ("the best", Kind.SPEECH, 16.0, ["best"]),
        ("engin", Kind.SPEECH, 8.0, ["engineers"]),
        ("save chang", Kind.TEXT, 0.0, ["Save", "changes"]),
        ("checkout", Kind.TEXT, 10.0, ["Checkout"]),
        ("chekout", Kind.TEXT, 10.0, ["Checkout"]),
        ("acount setings", Kind.TEXT, 0.0, ["Account", "Settings"]),
        ("sailing boats", Kind.PICTURE, 20.0, ["sailing", "boat"]),
    ],
)
def test_words_lead_to_their_moment(
    engine: Engine, query: str, kind: Kind, t_start: float, marks: list[str]
) -> None:
    (hit, *_) = find(engine, query)
    assert (hit.kind, hit.t_start) == (kind, t_start)
    assert [mark for mark in marked(hit) if mark in marks] == marks
    assert hit.title == "Moon talk"


@pytest.mark.parametrize("query", ["xyzzy", "-moon", '"moon decade"', "moon -decade", "times -was"])
def test_what_is_not_there_is_not_found(engine: Engine, query: str) -> None:
    if query == "-moon":
        with pytest.raises(InputError):
            find(engine, query)
    else:
        assert find(engine, query) == []


def test_or_finds_either(engine: Engine) -> None:
    assert {hit.t_start for hit in find(engine, "moon or engineers")} == {0.0, 8.0}


def test_models_that_no_row_has_are_not_asked(engine: Engine) -> None:
    def fail(_: str) -> list[float]:
        raise AssertionError("asked")

    assert find(engine, "moon", {"hosted/unused": fail})


def test_a_video_is_shown_once_it_was_ready_and_stays(engine: Engine) -> None:
    claim_video(engine, "fresh", original_path="/fresh.mp4")
    publish_transcript(engine, "fresh", Transcript("en", (Segment(0, 1, "zebra"),)), "x/y")
    publish_segment_vectors(engine, "fresh", [unit(384, 200)], SMALL)
    meaning = {SMALL: toward(384, 200)}
    assert find(engine, "zebra", meaning) == []
    set_status(engine, "fresh", VideoStatus.READY)
    assert len(find(engine, "zebra", meaning)) == 1
    claim_video(engine, "fresh", original_path="/fresh.mp4")
    assert len(find(engine, "zebra", meaning)) == 1
    set_status(engine, "fresh", VideoStatus.FAILED, error="Broken.")
    assert len(find(engine, "zebra", meaning)) == 1


def test_wrong_requests_are_said_to_be(engine: Engine) -> None:
    for query, more in (("", {}), ("  ", {}), ('""', {}), ("moon", {"limit": 0})):
        with pytest.raises(InputError):
            find(engine, query, **more)
    with pytest.raises(UnknownVideoError, match="nobody"):
        find(engine, "moon", video_id="nobody")


@examples(max_examples=60, deadline=None)
@given(query=st.text(max_size=30) | st.text("ab-\"':*&|!()<> \\%", max_size=15))
def test_no_query_breaks_it(engine: Engine, query: str) -> None:
    try:
        hits = find(engine, query, {SMALL: toward(384, 1)})
    except InputError:
        return
    assert len(hits) <= 10
    for hit in hits:
        assert all(0 <= one.start < one.end <= len(hit.excerpt.text) for one in hit.excerpt.matches)
