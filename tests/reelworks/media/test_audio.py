"""Arguments for audio."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reelworks.domain.video.video import AudioMix, AudioTrack, Probe, VideoTrack
from reelworks.media.audio import speech_arguments, survey_arguments, time_zero

PICTURE = VideoTrack(index=0, codec="h264", width=640, height=360, start=0.5)
SPEECH = AudioTrack(index=2, codec="aac", sample_rate=48000, channels=6, start=0.25)


@pytest.mark.parametrize(
    ("video", "audio", "zero"),
    [
        (0.5, 0.25, 0.25),
        (4.0, 0.0, 0.0),
        (0.0, 1.5, 0.0),
        (0.05, -0.02, 0.05),  # an encoder's priming moves nothing
        (0.0, -0.021, 0.0),
    ],
)
def test_zero_is_the_earliest_track(video: float, audio: float, zero: float) -> None:
    picture, speech = replace(PICTURE, start=video), replace(SPEECH, start=audio)
    assert time_zero(Probe("mp4", 1.0, video=picture, audio=speech)) == zero


def test_zero_is_the_only_track() -> None:
    assert time_zero(Probe("mp4", 1.0, audio=SPEECH)) == 0.25
    assert time_zero(Probe("mp4", 1.0, video=PICTURE)) == 0.5


def test_the_chosen_track_is_put_on_the_common_clock() -> None:
    probe = Probe("mp4", 1.0, video=PICTURE, audio=SPEECH)
    arguments = speech_arguments(Path("s"), probe, Path("w"))
    assert arguments[arguments.index("-i") :] == [
        *("-i", "file:s"),
        *("-filter_complex", "[0:2]aresample=16000:out_chlayout=mono:out_sample_fmt=s16[s0]"),
        "-filter_complex",
        "[s0]asetpts=round(PTS-0.250000/TB)[s1];[s1]atrim=start=0[s2];"
        "[s2]aresample=async=1:first_pts=0[s3]",
        *("-map", "[s3]", "-f", "wav", "-c:a", "pcm_s16le"),
        *("-fflags", "+bitexact", "-flags:a", "+bitexact", "-map_metadata", "-1", "file:w"),
        *("-map", "0:0", "-f", "null", "-c", "copy", "-"),
    ]


def test_chosen_channels_are_mixed_before_anything_else() -> None:
    probe = Probe("wav", 1.0, audio=SPEECH, mix=AudioMix(1, "channels", (4, 6)))
    arguments = speech_arguments(Path("s"), probe, Path("w"))
    assert "[0:2]pan=mono|c0=0.500000*c3+0.500000*c5[s0]" in arguments


def test_left_and_right_come_from_the_same_decode() -> None:
    arguments = speech_arguments(Path("s"), Probe("wav", 1.0, audio=SPEECH), Path("w"), Path("b"))
    assert arguments.count("-i") == 1
    assert arguments[-1] == "file:b"
    assert any("out_chlayout=stereo" in one for one in arguments)


def test_a_survey_reads_the_source_once() -> None:
    files = [(Path("a"), Path("b")), (Path("c"), Path("d"))]
    arguments = survey_arguments(Path("s"), [SPEECH, replace(SPEECH, index=3)], files)
    assert arguments.count("-i") == 1
    assert [one for one in arguments if one in ("file:a", "file:b", "file:c", "file:d")] == [
        *("file:a", "file:b", "file:c", "file:d")
    ]
