"""A source is opened with restrictions, and what ffmpeg reports is read rightly."""

from __future__ import annotations

from pathlib import Path

import ffmpeg
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.jobs.progress import silent
from reelworks.errors import CancelledError, ProcessError, StageTimeoutError
from reelworks.media.ffmpeg import (
    CONTAINERS,
    ExpectedSize,
    FrameSizeError,
    _progress_reader,
    command_line,
    ffmpeg_binary,
    file_url,
    progress_seconds,
    separate_graphs,
    source_input,
    transcode,
)
from tests.support.made_media import MadeMedia


def to_nothing(source: Path) -> list[str]:
    return command_line([ffmpeg.output(source_input(source)["0"], "-", f="null")])


def test_the_whole_command_line_of_a_plain_decode() -> None:
    assert to_nothing(Path("a: b.mp4")) == [
        *("-nostdin", "-hide_banner", "-nostats", "-loglevel", "repeat+level+verbose"),
        *("-progress", "pipe:1", "-stats_period", "0.25", "-max_error_rate", "1", "-y"),
        *("-format_whitelist", CONTAINERS, "-protocol_whitelist", "file", "-i", "file:a: b.mp4"),
        *("-map", "0:0", "-f", "null", "-"),
    ]


@pytest.mark.parametrize("name", ["concat", "hls", "dash", "image2", "lavfi", "sdp", "rtsp", "tee"])
def test_no_container_that_names_other_files_is_taken(name: str) -> None:
    assert name not in CONTAINERS.split(",")


@pytest.mark.parametrize("name", ["concat_script.mp4", "hls_local_file.mp4"])
def test_a_script_is_not_followed(media: Path, name: str) -> None:
    with pytest.raises(ProcessError):
        transcode(to_nothing(media / "hostile" / name), duration=None, progress=silent, timeout=20)


def test_a_name_that_looks_like_an_address_stays_a_file(media: Path, tmp_path: Path) -> None:
    odd = tmp_path / "http:- %d [1];x.mp4"
    odd.write_bytes((media / "odd" / "no_audio.mp4").read_bytes())
    assert file_url(odd) == f"file:{odd}"
    report = transcode(to_nothing(odd), duration=None, progress=silent, timeout=20)
    assert report.decoded == {0: 127}
    assert report.errors == {0: 0}
    assert report.damaged_frames == 0


def test_lost_pictures_are_counted(media: Path) -> None:
    source = media / "odd" / "truncated_faststart_50pct.mp4"
    report = transcode(to_nothing(source), duration=None, progress=silent, timeout=20)
    assert report.errors[0] == 1
    assert 90 < report.decoded[0] < 120  # of 240 in the whole


FIRST = (
    "[graph 0 input from stream 0:0 @ 0x7f] [verbose] w:320 h:180 pixfmt:yuv420p tb:1/90000 fr:30/1"
)
LATER = (
    "[graph 0 input from stream 0:0 @ 0x7f] [warning] filter context - w: 320 h: 180 fmt: 0 csp: "
    "unknown, incoming frame - w: 1280 h: 720 fmt: 0 csp: unknown pts_time: 3"
)
CROPPED = "[crop @ 0x7f] [verbose] w:640 h:360 sar:1/1 -> w:640 h:240 sar:1/1"


@pytest.mark.parametrize(
    ("expected", "line", "found"),
    [
        (ExpectedSize(320, 180), FIRST, None),
        (ExpectedSize(640, 360), FIRST, (320, 180)),
        (ExpectedSize(640, 360, from_start=False), FIRST, None),
        (ExpectedSize(320, 180), LATER, (1280, 720)),
        (ExpectedSize(1280, 720, from_start=False), LATER, None),
        (ExpectedSize(1920, 1080), LATER, None),  # smaller frames are scaled up
        (ExpectedSize(640, 360), CROPPED, (640, 240)),
        (ExpectedSize(640, 240, from_start=False), CROPPED, None),
        (ExpectedSize(640, 360), "[info] frame=  10 w:1 h:2", None),
    ],
)
def test_another_frame_size_is_read_in_the_log(expected, line, found) -> None:
    assert expected.contradicts(line) == found


def test_frames_of_another_size_end_the_run(made: MadeMedia) -> None:
    arguments = [*to_nothing(made("growing.ts"))]
    with pytest.raises(FrameSizeError) as stopped:
        transcode(arguments, duration=11, progress=silent, expected=ExpectedSize(640, 360))
    assert stopped.value.size in ((320, 180), (1280, 720))


def test_picture_and_sound_get_graphs_of_their_own() -> None:
    graph = "[0:0]fps=30[s0];[1:1]aresample=48000[s1];[s1]atrim=start=0[s2];[s0]split=2[s3][s4]"
    assert separate_graphs(["-i", "x", "-filter_complex", graph, "-map", "[s3]"]) == [
        *("-i", "x"),
        *("-filter_complex", "[0:0]fps=30[s0];[s0]split=2[s3][s4]"),
        *("-filter_complex", "[1:1]aresample=48000[s1]"),
        *("-filter_complex", "[s1]atrim=start=0[s2]"),
        *("-map", "[s3]"),
    ]


def test_without_filters_nothing_is_separated() -> None:
    assert separate_graphs(["-i", "x", "-c", "copy"]) == ["-i", "x", "-c", "copy"]


@given(st.integers(min_value=0, max_value=10**12))
def test_progress_is_read_in_seconds(microseconds: int) -> None:
    assert progress_seconds(f"out_time_us={microseconds}\n") == microseconds / 1_000_000


@pytest.mark.parametrize("line", ["out_time_us=N/A", "out_time_us=-5", "frame=3", "", "progress="])
def test_other_lines_are_no_progress(line: str) -> None:
    assert progress_seconds(line) is None


def test_standing_still_is_an_error_once_patience_is_over() -> None:
    read = _progress_reader(10.0, silent, stall_timeout=0.0)
    read("out_time_us=2000000")
    with pytest.raises(StageTimeoutError, match=r"made no progress for .* \(at 2\.0 s\)"):
        for _ in range(1000):
            read("out_time_us=2000000")


def test_going_on_slowly_is_not_standing_still() -> None:
    seen: list[tuple[float, float]] = []
    read = _progress_reader(10.0, lambda done, total: seen.append((done, total)), stall_timeout=0.0)
    for second in range(12):
        read("frame=1")
        read(f"out_time_us={second}000000")
    assert seen == [(min(second, 10.0), 10.0) for second in range(12)]


def test_cancelling_ends_ffmpeg_at_once(media: Path) -> None:
    def cancel(done: float, total: float) -> None:
        raise CancelledError("Stopped by the user.")

    endless = ["-stream_loop", "-1", *to_nothing(media / "odd" / "no_audio.mp4")]
    with pytest.raises(CancelledError):
        transcode(endless, duration=None, progress=cancel, timeout=30)
    assert not [child for child in psutil.Process().children() if "ffmpeg" in child.name()]


def test_ffmpeg_that_takes_too_long_is_stopped(media: Path) -> None:
    endless = ["-stream_loop", "-1", *to_nothing(media / "odd" / "no_audio.mp4")]
    with pytest.raises(StageTimeoutError):
        transcode(endless, duration=None, progress=silent, timeout=0.5)
    assert not [child for child in psutil.Process().children() if "ffmpeg" in child.name()]


def test_the_program_is_there() -> None:
    assert Path(ffmpeg_binary()).is_file()
