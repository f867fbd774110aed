"""A video is claimed, and its library and language stay until others are stated."""

from __future__ import annotations

import itertools

from sqlalchemy import Engine

from reelworks.store.library.video_locations import locations_of
from reelworks.store.library.video_reads import get_summary, list_videos
from reelworks.store.library.video_status import claim_video

names = (f"claimed-{number}" for number in itertools.count())


def test_a_video_joins_a_library_and_leaves_none(engine: Engine) -> None:
    video_id = next(names)
    assert claim_video(engine, video_id, original_path="/v.mp4").library == "default"
    for _ in range(2):
        joined = claim_video(engine, video_id, original_path="/v.mp4", library="films")
        assert joined.library == "default"
    assert get_summary(engine, video_id).libraries == ("default", "films")
    assert [video.id for video in list_videos(engine, library="films")] == [video_id]


def test_the_original_path_stays_and_another_one_is_recorded(engine: Engine) -> None:
    video_id = next(names)
    claim_video(engine, video_id, original_path="/first.mp4")
    claim_video(engine, video_id, original_path="/second.mp4")

    assert get_summary(engine, video_id).original_path == "/first.mp4"
    assert [one.location for one in locations_of(engine, video_id)] == ["/second.mp4"]


def test_a_stated_language_stays_until_another_is_stated(engine: Engine) -> None:
    video_id = next(names)
    spoken = [
        claim_video(engine, video_id, original_path="/v.mp4", language=language).language
        for language in (None, "de", None, "fr", None)
    ]

    assert spoken == [None, "de", "de", "fr", "fr"]


def test_a_stated_audio_track_stays_until_another_is_stated(engine: Engine) -> None:
    video_id = next(names)
    found = [
        claim_video(engine, video_id, original_path="/a.mkv", audio_track=track).audio_track
        for track in (None, 2, None, 1)
    ]

    assert found == [None, 2, 2, 1]
