"""Fixtures for tests of search."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from reelworks.domain.library.library import VideoStatus
from reelworks.domain.video.scene import Frame, Scene
from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.domain.video.vision import Described, FrameDescription, ScreenText, VisionResult
from reelworks.store.library.publish import (
    publish_captions,
    publish_frames,
    publish_scenes,
    publish_transcript,
)
from reelworks.store.library.video_status import claim_video, set_status
from reelworks.store.search.publish_vectors import publish_caption_vectors, publish_segment_vectors
from tests.support.searched_talk import BOX, CAPTIONS, LINES, SCREEN, SMALL, unit


@pytest.fixture(scope="module")
def talk(engine: Engine) -> str:
    """A video whose n-th line and n-th frame have vectors along axis n and 10 + n."""
    video_id = "talk"
    claim_video(engine, video_id, original_path="/videos/Moon talk.mp4")
    scenes = [Scene(n, n * 10.0, n * 10.0 + 10) for n in range(3)]
    frames = [Frame(n, n, n * 10.0 + 5, "0" * 16, "0" * 64, 640, 360, 1.0) for n in range(3)]
    publish_scenes(engine, video_id, scenes)
    publish_frames(
        engine, video_id, frames, {n: f"frames/talk/scene_{n:03d}.jpg" for n in range(3)}
    )
    spoken = tuple(Segment(n * 8.0, n * 8.0 + 4, line) for n, line in enumerate(LINES))
    publish_transcript(engine, video_id, Transcript("en", spoken), model="local/whisper@1")
    shown = (
        FrameDescription(caption, text=tuple(ScreenText(line, BOX) for line in screen.splitlines()))
        for caption, screen in zip(CAPTIONS, SCREEN, strict=True)
    )
    vision = VisionResult(tuple(Described(n, one) for n, one in enumerate(shown)))
    publish_captions(engine, video_id, vision, model="local/rapidocr@3")
    publish_segment_vectors(engine, video_id, [unit(384, n) for n in range(len(LINES))], SMALL)
    publish_caption_vectors(engine, video_id, {n: unit(384, 10 + n) for n in range(3)}, SMALL)
    set_status(engine, video_id, VideoStatus.READY)
    return video_id
