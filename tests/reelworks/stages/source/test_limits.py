"""What is too long or too large is refused with the setting's name."""

from __future__ import annotations

import pytest

from reelworks.domain.video.video import Probe, VideoTrack
from reelworks.errors import OverLimitError
from reelworks.settings import Settings
from reelworks.stages.source.limits import SourceLimits, check_limits, source_limits


def probe(seconds: float | None, *sizes: tuple[int, int]) -> Probe:
    tracks = tuple(VideoTrack(n, "h264", *size) for n, size in enumerate(sizes))
    return Probe("mp4", seconds, video_tracks=tracks, video=tracks[0] if tracks else None)


@pytest.mark.parametrize("found", [probe(None), probe(3600.0, (7680, 4320)), probe(86400.0)])
def test_within_the_limits(found):
    check_limits(found, source_limits(Settings(_env_file=None)), "talk.mp4")


def test_too_long():
    with pytest.raises(OverLimitError, match=r"talk.mp4 is 2.0 hours long, more than 1 \(MAX_DUR"):
        check_limits(probe(7200.0), SourceLimits(max_seconds=3600), "talk.mp4")


def test_too_large_a_picture_in_any_track():
    with pytest.raises(OverLimitError, match=r"has 100 megapixels, more than 40 \(MAX_MEGAPIXELS"):
        check_limits(
            probe(1.0, (640, 360), (10_000, 10_000)), SourceLimits(max_pixels=40e6), "a.mp4"
        )


def test_the_error_is_permanent():
    assert OverLimitError.retryable is False
    assert OverLimitError.http_status == 413
