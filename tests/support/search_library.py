"""Small libraries for tests of search."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sqlalchemy import Engine

from reelworks.domain.library.library import VideoStatus
from reelworks.domain.video.scene import Frame, Scene
from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.domain.video.vision import Box, Described, FrameDescription, ScreenText, VisionResult
from reelworks.store.library.publish import (
    publish_captions,
    publish_frames,
    publish_scenes,
    publish_transcript,
)
from reelworks.store.library.video_status import claim_video, set_status

BOX = Box(0, 0, 1, 1)


def unit(size: int, *axes: int) -> list[float]:
    """A unit vector along some axes."""
    return [1 / math.sqrt(len(axes)) if axis in axes else 0.0 for axis in range(size)]


def add_speech(
    engine: Engine, video_id: str, segments: Sequence[Segment], language: str | None = "en"
) -> None:
    """A video that is ready and in which only something is said."""
    claim_video(engine, video_id, original_path=f"/in/{video_id}.mp4")
    publish_transcript(engine, video_id, Transcript(language, tuple(segments)), "local/heard@1")
    set_status(engine, video_id, VideoStatus.READY)


def add_frames(
    engine: Engine, video_id: str, screens: Sequence[str], hashes: Sequence[str] | None = None
) -> None:
    """A video that is ready, with a scene of ten seconds for each text on screen."""
    count = len(screens)
    known = hashes or ["0" * 16] * count
    claim_video(engine, video_id, original_path=f"/in/{video_id}.mp4")
    publish_scenes(engine, video_id, [Scene(n, n * 10.0, n * 10.0 + 10) for n in range(count)])
    publish_frames(
        engine,
        video_id,
        [Frame(n, n, n * 10.0 + 5, known[n], "0" * 64, 640, 360, 1.0) for n in range(count)],
        {n: f"frames/{video_id}/scene_{n:03d}.jpg" for n in range(count)},
    )
    shown = [
        FrameDescription(None, text=tuple(ScreenText(line, BOX) for line in one.splitlines()))
        for one in screens
    ]
    vision = VisionResult(tuple(Described(n, one) for n, one in enumerate(shown)))
    publish_captions(engine, video_id, vision, model="local/rapidocr@3")
    set_status(engine, video_id, VideoStatus.READY)
