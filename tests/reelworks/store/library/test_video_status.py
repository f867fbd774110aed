"""A video is claimed, and its library and language stay until others are stated."""

from __future__ import annotations

import itertools

from sqlalchemy import Engine

from reelworks.store.library.video_reads import list_videos
from reelworks.store.library.video_status import claim_video

names = (f"claimed-{number}" for number in itertools.count())


def test_a_video_stays_in_its_library_until_another_is_named(engine: Engine) -> None:
    video_id = next(names)
    assert claim_video(engine, video_id, original_path="/v.mp4").library == "default"
    moved = claim_video(engine, video_id, original_path="/v.mp4", library="films")
    assert moved.library == "films"
    assert claim_video(engine, video_id, original_path="/v.mp4").library == "films"
    assert [video.id for video in list_videos(engine, library="films")] == [video_id]


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
