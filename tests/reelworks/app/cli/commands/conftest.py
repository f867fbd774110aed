"""What commands find: a folder of films, and a library with three videos."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reelworks.domain.library.library import VideoStatus
from reelworks.domain.video.scene import Frame, Scene
from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.store.db.database import create_database_engine, ensure_schema
from reelworks.store.library.publish import (
    publish_frames,
    publish_scenes,
    publish_transcript,
)
from reelworks.store.library.video_status import claim_video, set_status


@pytest.fixture
def films(tmp_path: Path, media: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    shutil.copy(media / "odd" / "no_audio.mp4", folder / "a.mp4")
    (folder / "bad.mp4").write_bytes(b"")
    return folder


@pytest.fixture
def library(clean_settings):
    """Three videos that say the same, with frames that look alike."""
    engine = create_database_engine(clean_settings)
    ensure_schema(engine)
    for number in range(3):
        name = f"talk-{number}"
        claim_video(engine, name, original_path=f"/in/{name}.mp4", library=f"shelf{number}")
        said = Transcript("en", (Segment(5.0, 8.0, "the harbour at dawn"),))
        publish_transcript(engine, name, said, model="local/heard@1")
        publish_scenes(engine, name, [Scene(0, 0.0, 20.0)])
        frame = Frame(0, 0, 10.0, f"{number:016x}", "0" * 64, 640, 360, 1.0)
        publish_frames(engine, name, [frame], {0: f"frames/{name}/scene_000.jpg"})
        set_status(engine, name, VideoStatus.READY)
    engine.dispose()
