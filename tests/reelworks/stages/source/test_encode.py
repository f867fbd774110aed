"""How long the last frame is repeated, and when a run of ffmpeg is made again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reelworks.domain.jobs.progress import silent
from reelworks.domain.video.video import AudioTrack, Probe, VideoTrack
from reelworks.media.encoding import NormalizeParams
from reelworks.media.inspect.probe import probe
from reelworks.stages.source.encode import EncodeRun, encode_video, stated_hold
from tests.support.made_media import MadeMedia

PARAMS = NormalizeParams()
VIDEO = VideoTrack(0, "h264", 640, 360, duration=10.0)
AUDIO = AudioTrack(1, "aac", 48_000, 2, duration=10.0)


@pytest.mark.parametrize(
    ("video", "audio", "frames"),
    [
        ({}, {}, 0),
        ({}, {"duration": 10.2}, 0),  # the rounding of codecs and containers
        ({}, {"duration": 12.0}, 60),
        ({}, {"duration": 9.0, "start": 3.0}, 60),
        ({"start": 4.0}, {"duration": 12.0}, 0),
        ({}, {"duration": 4.0}, 0),
        ({"duration": None}, {"duration": 12.0}, 0),
        ({}, {"duration": None}, 0),
    ],
)
def test_the_stated_hold(video: dict[str, float], audio: dict[str, float], frames: int) -> None:
    found = Probe("mp4", 12.0, video=replace(VIDEO, **video), audio=replace(AUDIO, **audio))
    assert stated_hold(found, PARAMS) == frames


def test_without_audio_or_video_nothing_is_held() -> None:
    assert stated_hold(Probe("mp4", 12.0, video=VIDEO), PARAMS) == 0
    assert stated_hold(Probe("mp4", 12.0, audio=AUDIO), PARAMS) == 0


@pytest.mark.parametrize(("stated", "encoded"), [(0, 1), (30 * 60, 1), (1330, 0)])
def test_a_wrong_header_is_corrected_by_what_was_decoded(
    made: MadeMedia, tmp_path: Path, stated: int, encoded: int
) -> None:
    """``encoded`` 1: the first run did not fit the audio, so there was a second."""
    source = made("cover.mp4")
    paths = (tmp_path / "normalized.mp4", tmp_path / "proxy.mp4")
    run = EncodeRun(source, probe(source), PARAMS, paths, stated)
    video = encode_video(run, silent)
    assert (video.run.hold != stated) == bool(encoded)
    assert video.written.frames / 30 == pytest.approx(44.37, abs=0.1)
    assert video.needed_hold == pytest.approx(video.run.hold, abs=2)
