"""Filters and arguments of normalized videos."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from reelworks.domain.video.video import AudioTrack, Probe, VideoTrack
from reelworks.media.encoding import (
    NormalizeParams,
    normalize_arguments,
    remux_arguments,
)

FILM = VideoTrack(
    index=0, codec="h264", width=1920, height=1080, frame_rate=24.0, pixel_format="yuv420p"
)
SPEECH = AudioTrack(index=1, codec="aac", sample_rate=48000, channels=2)
PARAMS = NormalizeParams()


def graphs(track: VideoTrack, params: NormalizeParams = PARAMS) -> str:
    """Return the video's filter graph without its labels."""
    probe = Probe("mov,mp4", 1.0, video=track)
    arguments = normalize_arguments(Path("s"), probe, params, Path("n"), Path("p"))
    steps = arguments[arguments.index("-filter_complex") + 1].split(";")
    return " ".join(step.split("]")[1].split("[")[0] for step in steps)


def test_arguments_of_a_film_are_exactly_these() -> None:
    probe = Probe("mov,mp4", 1.0, video=FILM)
    arguments = normalize_arguments(Path("-s"), probe, PARAMS, Path("n"), Path("p"))
    assert arguments[arguments.index("-noautorotate") :] == [
        "-noautorotate",
        *("-protocol_whitelist", "file", "-reinit_filter:v", "0", "-i", "file:-s"),
        "-filter_complex",
        "[0:0]zscale=f=bicubic:h=720:r=limited:w=1280[s0];[s0]format=yuv420p[s1];"
        "[s1]setsar=1[s2];[s2]fps=fps=30:start_time=0[s3];[s3]split=2[s4][s5];"
        "[s5]zscale=f=bilinear:h=180:w=320[s6];[s6]format=yuv420p[s7];[s7]setsar=1[s8]",
        *("-map", "[s4]", "-f", "mp4", "-c:v", "libx264", "-crf", "25"),
        *("-fflags", "+bitexact", "-flags:a", "+bitexact", "-flags:v", "+bitexact"),
        *("-fps_mode", "passthrough", "-g", "60", "-map_chapters", "-1", "-map_metadata", "-1"),
        *("-movflags", "+faststart", "-preset", "ultrafast", "-threads:v", "3"),
        *("-x264-params", PARAMS.x264, "file:n"),
        *("-map", "[s8]", "-f", "mp4", "-an", "-c:v", "libx264", "-crf", "28"),
        *("-fflags", "+bitexact", "-flags:a", "+bitexact", "-flags:v", "+bitexact"),
        *("-fps_mode", "passthrough", "-g", "60", "-map_chapters", "-1", "-map_metadata", "-1"),
        *("-movflags", "+faststart", "-preset", "ultrafast", "-threads:v", "1", "file:p"),
    ]


def test_a_conforming_source_is_copied_and_only_its_proxy_encoded() -> None:
    track = replace(FILM, width=1280, height=720, frame_rate=30.0)
    probe = Probe("mov,mp4", 1.0, video=track, audio=SPEECH)
    arguments = remux_arguments(Path("s"), probe, PARAMS, Path("n"), Path("p"))
    copied = arguments[: arguments.index("file:n")]
    assert copied[copied.index("-map") :][:8] == [
        *("-map", "0:0", "-map", "0:1", "-f", "mp4", "-c", "copy"),
    ]
    assert arguments.count("-c:v") == 1


@pytest.mark.parametrize(
    ("change", "present"),
    [
        ({"frame_rate": 60.0}, "fps=fps=30:start_time=0 zscale"),
        ({"interlaced": True}, "bwdif=deint=interlaced:mode=send_frame zscale"),
        ({"start": 0.023}, "setpts=round(PTS-0.023000/TB) zscale"),
        ({"pixel_format": "yuv420p10le"}, "zscale=f=bicubic:h=720:r=limited:w=1280"),
        ({"pixel_format": "bgra"}, "scale=1280:720:flags=bicubic:out_color_matrix=bt709"),
        ({"pixel_format": "yuvj420p"}, "scale=1280:720:flags=bicubic"),
        ({"width": 1919}, "scale=1278:720:flags=bicubic"),
        ({"hdr": True}, "zscale=p=709 tonemap=mobius:desat=0 zscale=m=709:r=limited:t=709"),
        ({"rotation": 90}, "w=1280 format=yuv420p transpose=clock sidedata"),
        ({"rotation": 270}, "w=1280 format=yuv420p transpose=cclock sidedata"),
        ({"rotation": 180}, "hflip vflip sidedata=mode=delete:type=DISPLAYMATRIX"),
    ],
)
def test_each_oddity_has_its_filter(change: dict[str, object], present: str) -> None:
    assert present in graphs(replace(FILM, **change))


def test_parameters_are_json() -> None:
    assert NormalizeParams(**json.loads(json.dumps(asdict(PARAMS)))) == PARAMS
