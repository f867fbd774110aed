"""What is shown of a hit: its frame, who made it, and the piece of text with the words marked."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from reelworks.domain.library.library import VideoStatus
from reelworks.domain.library.search import Kind
from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.store.library.publish import publish_transcript
from reelworks.store.library.video_status import claim_video, set_status
from tests.support.searched_talk import find, marked

pytestmark = pytest.mark.usefixtures("talk")


def test_a_hit_names_its_frame_and_its_maker(engine: Engine) -> None:
    (spoken, *_) = find(engine, "engineers")
    assert (spoken.frame_id, spoken.model) == ("talk_frame_000", "local/whisper@1")
    (last, *_) = find(engine, "thank")
    assert last.frame_path == "frames/talk/scene_002.jpg"
    (written,) = find(engine, "checkout", kinds=frozenset({Kind.TEXT}))
    assert (written.frame_id, written.model) == ("talk_frame_001", "local/rapidocr@3")


def test_a_long_text_is_cut_around_what_matched(engine: Engine) -> None:
    claim_video(engine, "long", original_path="/long.mp4")
    line = "filler words " * 100 + "the needle sits here " + "more filler " * 100
    publish_transcript(engine, "long", Transcript("en", (Segment(0, 1, line),)), "x/y")
    set_status(engine, "long", VideoStatus.READY)
    (hit,) = find(engine, "needle")
    assert len(hit.excerpt.text) <= 240
    assert marked(hit) == ["needle"]
    assert hit.excerpt.text.startswith(("filler", "words"))
