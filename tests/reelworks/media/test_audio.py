"""Arguments for audio."""

from __future__ import annotations

from pathlib import Path

from reelworks.domain.video.video import AudioTrack, Probe, VideoTrack
from reelworks.media.audio import speech_arguments, time_zero

PICTURE = VideoTrack(index=0, codec="h264", width=640, height=360, start=0.5)
SPEECH = AudioTrack(index=2, codec="aac", sample_rate=48000, channels=6, start=0.25)


def test_zero_is_the_first_picture_or_else_the_first_sound() -> None:
    assert time_zero(Probe("mp4", 1.0, video=PICTURE, audio=SPEECH)) == 0.5
    assert time_zero(Probe("mp4", 1.0, audio=SPEECH)) == 0.25


def test_the_chosen_track_is_put_on_the_pictures_clock() -> None:
    probe = Probe("mp4", 1.0, video=PICTURE, audio=SPEECH)
    arguments = speech_arguments(Path("s"), probe, Path("w"))
    assert arguments[arguments.index("-i") :] == [
        *("-i", "file:s"),
        *("-filter_complex", "[0:2]aresample=16000:out_chlayout=mono:out_sample_fmt=s16[s0]"),
        "-filter_complex",
        "[s0]asetpts=round(PTS-0.500000/TB)[s1];[s1]atrim=start=0[s2];"
        "[s2]aresample=async=1:first_pts=0[s3]",
        *("-map", "[s3]", "-f", "wav", "-c:a", "pcm_s16le"),
        *("-fflags", "+bitexact", "-flags:a", "+bitexact", "-map_metadata", "-1", "file:w"),
        *("-map", "0:0", "-f", "null", "-c", "copy", "-"),
    ]
