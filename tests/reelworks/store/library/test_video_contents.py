"""A video is shown as it was published."""

from __future__ import annotations

import itertools

import pytest
from sqlalchemy import Engine

from reelworks.domain.video.transcript import Segment, Transcript, Word
from reelworks.domain.video.vision import VisionResult
from reelworks.errors import UnknownVideoError
from reelworks.store.library.video_contents import (
    get_frames,
    get_scenes,
    get_segments,
    get_video,
)
from reelworks.store.library.video_reads import count_all, delete_video, list_videos
from tests.support.published import EMBEDDED, HEARD, SEEN, described, publish_all, shots, stills

names = (f"shown-{number}" for number in itertools.count())


def test_what_was_published_is_what_the_library_shows(engine: Engine) -> None:
    video_id = next(names)
    words = (Word("one", 0.1, 0.4, 0.75),)
    talk = Transcript("en", (Segment(0.1, 1.5, "one", words, "en", "Ann"),))
    vision = described("alpha", "beta")
    publish_all(engine, video_id, talk, vision)
    view = get_video(engine, video_id)
    assert view.transcript == talk
    assert tuple(one.scene for one in view.scenes) == shots(2)
    assert tuple(one.frame for one in view.frames) == stills(2)
    assert [one.description for one in view.frames] == [one.description for one in vision.described]
    assert view.frames[1].path == f"frames/{video_id}/scene_001.jpg"
    assert view.warnings == ("The sound was short.", "Two frames were lost.")
    assert view.digests == {"source": "ab"}
    assert view.probe["video_tracks"][0]["width"] == 1920
    assert get_scenes(engine, video_id) == view.scenes
    assert get_frames(engine, video_id) == view.frames
    assert get_segments(engine, video_id) == (view.summary.language, view.segments)
    summary = view.summary
    assert (summary.title, summary.status, summary.duration) == ("A talk", "ready", 6.0)
    assert {one.model for one in view.segments} == {HEARD}
    assert {one.description_model for one in view.frames} == {SEEN}
    assert {one.embedding_model for one in view.frames} == {EMBEDDED}
    assert summary in list_videos(engine)
    assert count_all(engine).embeddings[EMBEDDED] >= 3
    delete_video(engine, video_id)
    for read in (get_video, get_scenes, get_frames, get_segments):
        with pytest.raises(UnknownVideoError, match=video_id):
            read(engine, video_id)


def test_a_thousand_segments_in_one_go(engine: Engine) -> None:
    video_id = next(names)
    many = tuple(Segment(float(n), n + 1.0, f"line {n}") for n in range(1234))
    publish_all(engine, video_id, Transcript("en", many), VisionResult())
    assert len(get_video(engine, video_id).segments) == 1234
