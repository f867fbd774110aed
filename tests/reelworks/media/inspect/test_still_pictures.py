"""Still pictures are distinguished from videos by their first bytes, or by their only frame."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelworks.errors import UnsupportedMediaError
from reelworks.media.inspect.probe import probe
from reelworks.media.inspect.still_pictures import picture_kind
from tests.support.made_media import MadeMedia


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("still.png", "PNG"),
        ("still.jpg", "JPEG"),
        ("still.gif", "GIF"),
        ("still.webp", "WebP"),
        ("still.bmp", "BMP"),
        ("still.tiff", "TIFF"),
        ("still.avif", "AVIF"),
    ],
)
def test_a_still_picture_is_refused_as_one(made: MadeMedia, name: str, kind: str) -> None:
    with pytest.raises(UnsupportedMediaError) as refused:
        probe(made(name))
    assert str(refused.value).endswith(
        f"{name} is a still picture ({kind}), not a video or audio file."
    )
    assert not refused.value.retryable


@pytest.mark.parametrize("name", ["moving.gif", "moving.apng"])
def test_an_animation_is_a_video(made: MadeMedia, name: str) -> None:
    assert probe(made(name)).video is not None


@pytest.mark.parametrize(
    "name", ["video/counter.mp4", "speech/jfk.flac", "speech/sonnet_en.mp3", "odd/audio_only.m4a"]
)
def test_media_are_no_pictures(media: Path, name: str) -> None:
    assert picture_kind((media / name).read_bytes()[:65536]) is None
