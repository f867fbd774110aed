"""Which filters scale a video."""

from __future__ import annotations

from dataclasses import replace

import ffmpeg
import pytest

from reelworks.domain.video.video import VideoTrack
from reelworks.media.frame_size import FrameSize
from reelworks.media.scaling import scaler

TRACK = VideoTrack(0, "h264", 1920, 1080, pixel_format="yuv420p")


def filters_of(track: VideoTrack, *, zscale: bool = True) -> str:
    node = scaler(track, zscale=zscale)(ffmpeg.input("in.mp4"), FrameSize(640, 360))
    return " ".join(ffmpeg.output(node, "out.mp4").compile())


def test_planar_video_of_even_size_is_scaled_by_zscale() -> None:
    assert "zscale" in filters_of(TRACK)
    assert "zscale" not in filters_of(TRACK, zscale=False)


@pytest.mark.parametrize("change", [{"width": 1919}, {"height": 1079}, {"pixel_format": "rgb24"}])
def test_what_zscale_cannot_take_is_scaled_by_swscale(change: dict[str, object]) -> None:
    found = filters_of(replace(TRACK, **change))  # type: ignore[arg-type]
    assert "zscale" not in found
    assert "scale=640:360" in found


def test_hdr_is_tone_mapped() -> None:
    assert "tonemap" in filters_of(replace(TRACK, hdr=True, pixel_format="yuv420p10le"))
