"""Frame sizes: even, within the limits, never larger than the source."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.video.video import VideoTrack
from reelworks.media.frame_size import FrameSize, fitted_size, proxy_size

FILM = VideoTrack(index=0, codec="h264", width=1920, height=1080)


@pytest.mark.parametrize(
    ("width", "height", "aspect", "rotation", "size"),
    [
        (1920, 1080, "1:1", 0, (1280, 720)),
        (3840, 2160, "1:1", 0, (1280, 720)),
        (640, 360, "1:1", 0, (640, 360)),
        (854, 480, "1:1", 0, (854, 480)),
        (720, 576, "64:45", 0, (1024, 576)),
        (720, 480, "8:9", 0, (640, 480)),
        (1920, 1080, "1:1", 90, (720, 1280)),
        (1080, 1920, "1:1", 0, (720, 1280)),
        (321, 181, "1:1", 0, (320, 180)),
        (1, 1, "1:1", 0, (2, 2)),
        (20000, 100, "1:1", 0, (2560, 12)),
        (640, 360, "0:1", 0, (640, 360)),
        (640, 360, "1000:1", 0, (640, 360)),
    ],
)
def test_sizes(width: int, height: int, aspect: str, rotation: int, size: tuple[int, int]) -> None:
    track = replace(FILM, width=width, height=height, pixel_aspect=aspect, rotation=rotation)
    assert fitted_size(track, 720) == FrameSize(*size)


@given(st.integers(1, 16384), st.integers(1, 16384), st.sampled_from([0, 90, 180, 270]))
def test_sizes_are_even_within_the_box_and_never_larger(w: int, h: int, turn: int) -> None:
    size = fitted_size(replace(FILM, width=w, height=h, rotation=turn), 720)
    across, down = (h, w) if turn in (90, 270) else (w, h)
    assert size.width % 2 == size.height % 2 == 0
    assert min(size.width, size.height) <= 720
    assert max(size.width, size.height) <= 2560
    assert size.width <= max(2, across)
    assert size.height <= max(2, down)
    proxy = proxy_size(size, 180)
    assert proxy.width % 2 == proxy.height % 2 == 0
    assert min(proxy.width, proxy.height) <= 180
    assert proxy.width <= size.width
