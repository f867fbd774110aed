"""NVENC and NVDEC: their options, and a machine without them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reelworks.domain.video.video import Probe, VideoTrack
from reelworks.media import nvenc
from reelworks.media.encoding import NormalizeParams, normalize_arguments

FILM = VideoTrack(
    index=0, codec="h264", width=1920, height=1080, frame_rate=24.0, pixel_format="yuv420p"
)
ON_GPU = NormalizeParams(encoder="nvenc")


def arguments_for(track: VideoTrack, params: NormalizeParams = ON_GPU) -> list[str]:
    probe = Probe("mov,mp4", 1.0, video=track)
    return normalize_arguments(Path("-s"), probe, params, Path("n"), Path("p"))


def test_arguments_of_a_film_on_a_gpu_are_exactly_these() -> None:
    arguments = arguments_for(FILM)
    assert arguments[arguments.index("-hwaccel") :] == [
        *("-hwaccel", "cuda", "-noautorotate"),
        *("-protocol_whitelist", "file", "-reinit_filter:v", "0", "-i", "file:-s"),
        "-filter_complex",
        "[0:0]format=yuv420p[s0];[s0]zscale=f=bicubic:h=720:r=limited:w=1280[s1];"
        "[s1]format=yuv420p[s2];[s2]setsar=1[s3];[s3]fps=fps=30:start_time=0[s4];"
        "[s4]split=2[s5][s6];"
        "[s6]zscale=f=bilinear:h=180:w=320[s7];[s7]format=yuv420p[s8];[s8]setsar=1[s9]",
        *("-map", "[s5]", "-f", "mp4", "-b:v", "0", "-bf", "2", "-c:v", "h264_nvenc", "-cq", "25"),
        *("-fflags", "+bitexact", "-flags:a", "+bitexact", "-flags:v", "+bitexact"),
        *("-fps_mode", "passthrough", "-g", "60", "-map_chapters", "-1", "-map_metadata", "-1"),
        *("-movflags", "+faststart", "-preset", "p5", "-profile:v", "high", "-rc", "vbr"),
        *("-rc-lookahead", "16", "-spatial-aq", "1", "-tune", "hq", "file:n"),
        *("-map", "[s9]", "-f", "mp4", "-an", "-c:v", "libx264", "-crf", "28"),
        *("-fflags", "+bitexact", "-flags:a", "+bitexact", "-flags:v", "+bitexact"),
        *("-fps_mode", "passthrough", "-g", "60", "-map_chapters", "-1", "-map_metadata", "-1"),
        *("-movflags", "+faststart", "-preset", "ultrafast", "-threads:v", "1", "file:p"),
    ]


@pytest.mark.parametrize(
    "track",
    [
        replace(FILM, codec="prores"),
        replace(FILM, pixel_format="yuv422p10le"),
        replace(FILM, interlaced=True),
    ],
)
def test_what_a_card_may_decode_differently_the_cpu_decodes(track: VideoTrack) -> None:
    arguments = arguments_for(track)
    assert "-hwaccel" not in arguments
    assert "h264_nvenc" in arguments


def test_without_nvenc_nothing_of_it_is_in_the_arguments() -> None:
    joined = " ".join(arguments_for(FILM, NormalizeParams()))
    assert "nvenc" not in joined
    assert "hwaccel" not in joined


def test_the_proxy_is_the_same_whatever_encodes_the_video() -> None:
    gpu, cpu = arguments_for(FILM), arguments_for(FILM, NormalizeParams())
    assert gpu[gpu.index("-an") :] == cpu[cpu.index("-an") :]


def test_whether_it_works_is_known_without_an_error() -> None:
    assert nvenc.works() in (True, False)
