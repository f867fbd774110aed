"""Search over HTTP."""

from __future__ import annotations

import pytest

from reelworks.domain.library.library import VideoStatus
from reelworks.domain.video.scene import Frame, Scene
from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.store.library.publish import publish_frames, publish_scenes, publish_transcript
from reelworks.store.library.video_status import set_status


@pytest.fixture(scope="module")
def library(api, module_settings):
    """Three talks; the words alone can be searched."""
    from sqlalchemy import text

    from reelworks.store.db.database import transaction

    for number, line in enumerate(
        ("The quarterly numbers look good.", "Numbers of the quarter.", "Nothing to see.")
    ):
        video_id = f"talk-{number}"
        with transaction(api.engine) as connection:
            connection.execute(
                text(
                    "INSERT INTO videos (id, original_path, duration_sec, library)"
                    " VALUES (:id, '/t.mp4', 60, :library)"
                ),
                {"id": video_id, "library": f"lib{number}"},
            )
        publish_scenes(api.engine, video_id, [Scene(0, 0.0, 60.0)])
        frame = Frame(0, 0, 1.0, f"00ff00ff00ff00f{number}", "ab" * 32, 640, 360, 1.0)
        publish_frames(api.engine, video_id, [frame], {0: f"frames/{video_id}/scene_000.jpg"})
        said = Transcript("en", (Segment(5.0, 8.0, line, language="en"),))
        publish_transcript(api.engine, video_id, said, "local/test@1")
        set_status(api.engine, video_id, VideoStatus.READY)


def find(api, **payload):
    answer = api.get("/search", params=payload)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_moments_come_with_why_and_where_to_see_them(api, library):
    found = find(api, q='"quarterly numbers"')

    (moment,) = found["moments"]
    assert (moment["video_id"], moment["t_start"], moment["t_end"]) == ("talk-0", 5.0, 8.0)
    marked = [
        moment["excerpt"]["text"][one["start"] : one["end"]] for one in moment["excerpt"]["matches"]
    ]
    assert marked == ["quarterly", "numbers"]
    assert moment["reasons"][0]["reason"] == "words"
    assert moment["media"] == "/videos/talk-0/media#t=5.000,8.000"
    assert moment["image"] == "/videos/talk-0/frames/talk-0_frame_000.jpg"


def test_filters(api, library):
    assert [one["video_id"] for one in find(api, q="numbers", library="lib1")["moments"]] == [
        "talk-1"
    ]
    assert find(api, q="numbers", min_seconds=61)["moments"] == []
    assert find(api, q="numbers", **{"in": "text"})["moments"] == []


def test_pages(api, library):
    first = find(api, q="numbers", limit=1)
    second = find(api, cursor=first["cursor"], limit=1)

    assert first["total"] == 2
    seen = {one["video_id"] for page in (first, second) for one in page["moments"]}
    assert seen == {"talk-0", "talk-1"}
    assert second["cursor"] is None


def test_a_search_needs_a_question(api):
    assert api.get("/search").status_code == 422
    assert api.get("/search", params={"q": "a", "cursor": "b"}).status_code == 422
    assert api.get("/search", params={"cursor": "b"}).status_code in (404, 410, 422)


def test_cut_lists(api, library):
    edl = api.get("/search/cuts.edl", params={"q": "numbers", "handles": 1})
    cuts = api.get("/search/cuts.json", params={"q": "numbers", "handles": 1}).json()

    assert edl.text.startswith("TITLE: ")
    assert {(one["t_in"], one["t_out"]) for one in cuts["cuts"]} == {(4.0, 9.0)}


def test_similar_frames(api, library):
    found = api.get("/frames/talk-0_frame_000/similar").json()

    assert {one["video_id"] for one in found["frames"]} == {"talk-1", "talk-2"}
    assert api.get("/frames/none_frame_000/similar").json()["code"] == "unknown_frame"


def test_a_misspelt_word_is_found_and_its_spelling_offered(api, library):
    found = find(api, q="quaterly numbres")

    assert found["did_you_mean"] == "quarterly numbers"
    assert [one["video_id"] for one in found["moments"]] == ["talk-0"]
    assert found["moments"][0]["reasons"][0]["reason"] == "similar spelling"
    assert find(api, q="quarterly")["did_you_mean"] is None


def test_titles_can_be_searched_alone(api, library):
    found = find(api, q="t.mp4", **{"in": "title"})

    assert {one["video_id"] for one in found["moments"]} == {"talk-0", "talk-1", "talk-2"}
    assert {kind for one in found["moments"] for kind in one["kinds"]} == {"title"}


def test_forty_hyphens_are_a_query(api, library):
    for query in ("numbers " + "-" * 40, "|" + "-" * 40 + "|", "a (" + "-" * 64 + ")"):
        find(api, q=query)
    assert find(api, q="- " * 40 + "numbers")["moments"]
