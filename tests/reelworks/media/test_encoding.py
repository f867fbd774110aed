"""Sizes, filters and arguments of the normalized frame."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.video.video import AudioTrack, Probe, VideoTrack
from reelworks.media.encoding import (
    FrameSize,
    NormalizeParams,
    fitted_size,
    normalize_arguments,
    proxy_size,
    remux_arguments,
)

FILM = VideoTrack(
    index=0, codec="h264", width=1920, height=1080, frame_rate=24.0, pixel_format="yuv420p"
)
SPEECH = AudioTrack(index=1, codec="aac", sample_rate=48000, channels=2)
PARAMS = NormalizeParams()


def graphs(track: VideoTrack, params: NormalizeParams = PARAMS) -> str:
    """Return the frame's filter graph without its labels."""
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


def test_parameters_are_json() -> None:
    assert NormalizeParams(**json.loads(json.dumps(asdict(PARAMS)))) == PARAMS
