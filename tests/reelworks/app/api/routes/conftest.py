"""A library with one video that has all that indexing makes of it."""

from __future__ import annotations

import io
import secrets

import pytest
from PIL import Image
from sqlalchemy import text

from reelworks.domain.library.library import VideoStatus
from reelworks.domain.video.scene import Frame, Scene
from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.store.db.database import transaction
from reelworks.store.library.publish import (
    publish_frames,
    publish_normalized,
    publish_scenes,
    publish_transcript,
)
from reelworks.store.library.video_status import set_status


def some_media(size: int) -> bytes:
    """Bytes that look like the begin of an MP4 and differ each time."""
    return b"\0\0\0\x20ftypisom" + secrets.token_bytes(size)


def small_jpeg() -> bytes:
    saved = io.BytesIO()
    Image.new("RGB", (64, 36), "navy").save(saved, "JPEG")
    return saved.getvalue()


@pytest.fixture
def indexed(api, media) -> str:
    """A video with all that indexing makes of it."""
    video_id = f"full-{secrets.token_hex(4)}"
    with transaction(api.engine) as connection:
        connection.execute(
            text("INSERT INTO videos (id, original_path, title) VALUES (:id, '/x.mp4', :title)"),
            {"id": video_id, "title": 'Übung "1"\r\nSet-Cookie: x=y'},
        )
    movie = api.store.put_file(
        f"processed/{video_id}/normalized.mp4", media / "odd" / "no_audio.mp4", "video/mp4"
    )
    jpeg = api.store.put_bytes(f"frames/{video_id}/scene_000.jpg", small_jpeg(), "image/jpeg")
    publish_normalized(api.engine, video_id, None, normalized_path=movie.key)
    publish_scenes(api.engine, video_id, [Scene(0, 0.0, 4.0)])
    frame = Frame(0, 0, 1.0, "00ff00ff00ff00ff", jpeg.sha256, 640, 360, 12.0)
    publish_frames(api.engine, video_id, [frame], {0: jpeg.key})
    said = Transcript("en", (Segment(0.5, 2.0, "Fish & <chips>", language="en"),))
    publish_transcript(api.engine, video_id, said, "local/test@1")
    set_status(api.engine, video_id, VideoStatus.READY)
    return video_id
