"""ffmpeg: its binary, safe input options, command lines, and its progress and reports.

ffmpeg may read local files only, and only containers that hold their own media, so
that no playlist, script or link inside a source is ever followed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ffmpeg
import imageio_ffmpeg

from reelworks.domain.jobs.progress import Progress
from reelworks.errors import ProcessError, StageTimeoutError
from reelworks.media.process import run_process

PROTOCOLS = "file"
"""The only protocol that a source may use."""

CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,avi,flv,asf,ogg,mxf,gxf,nut,rm,dv,wtv,ivf,"
    "gif,apng,h264,hevc,m4v,mpegvideo,obu,yuv4mpegpipe,"
    "wav,w64,mp3,flac,aac,ac3,eac3,dts,truehd,amr,aiff,caf,au,tta,wv,ape"
)
"""Demuxers that read one file and nothing else; no still images, playlists or scripts."""

STALL_TIMEOUT = 120.0
"""Seconds without a new frame after which ffmpeg is taken to be stuck; it reports four a second."""

_OUT_TIME = "out_time_us="
"""Starts the line of ``-progress`` that says how far it is; ``N/A`` before the first frame."""
_STREAM_REPORT = re.compile(
    r"Input stream #\d+:(\d+) .*?; (\d+) (?:frames|samples) decoded; (\d+) decode errors"
)
_LABEL = re.compile(r"\[([^\[\]]+)\]")
_FIRST_AUDIO_FILTER = re.compile(r"\[\d+:\d+\](?:aresample|pan)=")
_FIRST_SIZE = re.compile(
    r"^\[(?:graph .* input from stream .*\[verbose\] |crop @ .* -> )w:(\d+) h:(\d+) "
)
"""Of the decoded frames, or of what the container's cropping leaves of them."""
_LATER_SIZE = re.compile(r"^\[graph .* incoming frame - w: (\d+) h: (\d+) ")
_CORRUPT = re.compile(r"^\[vist#\d+:.*corrupt decoded frame")


class FrameSizeError(Exception):
    """Decoded frames have another size than the command line was made for; make it again."""

    def __init__(self, width: int, height: int) -> None:
        """``width`` and ``height`` are those of the frames, in pixels."""
        super().__init__(f"Frames are {width}x{height}.")
        self.size = (width, height)


@dataclass(frozen=True, slots=True)
class ExpectedSize:
    """The frame size that a command line was made for, in pixels."""

    width: int
    height: int
    from_start: bool = True
    """True: the first frame has it, too."""

    def contradicts(self, line: str) -> tuple[int, int] | None:
        """Return the size in a line of ffmpeg's log when it is another first size, or larger."""
        first, later = _FIRST_SIZE.search(line), _LATER_SIZE.search(line)
        if first is not None:
            size = (int(first[1]), int(first[2]))
            return size if self.from_start and size != (self.width, self.height) else None
        size = (int(later[1]), int(later[2])) if later is not None else (0, 0)
        return size if size[0] * size[1] > self.width * self.height else None


@dataclass(frozen=True, slots=True)
class DecodeReport:
    """What ffmpeg says at its end about one source."""

    decoded: dict[int, int]
    """Frames decoded, by the stream's index."""
    errors: dict[int, int]
    """Packets that could not be decoded, by the stream's index."""
    damaged_frames: int
    """Frames that were decoded with visible damage."""


def ffmpeg_binary() -> str:
    """Return the path of the ffmpeg program. Raises ``ProcessError`` when there is none."""
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise ProcessError("ffmpeg was not found; install the imageio-ffmpeg package.") from error


def file_url(path: Path) -> str:
    """Name a file so that ffmpeg takes it for a file, whatever characters its name has."""
    return f"file:{path}"


def source_input(source: Path, **options: Any) -> Any:
    """Return the ``ffmpeg-python`` input node of a source, with its restrictions."""
    return ffmpeg.input(
        file_url(source), protocol_whitelist=PROTOCOLS, format_whitelist=CONTAINERS, **options
    )


def command_line(outputs: Sequence[Any]) -> list[str]:
    """Return the arguments (without the program) that write ``outputs`` in one run of ffmpeg.

    ``repeat`` and ``verbose`` in the log level make each decoding error one line and add the
    closing counts that ``DecodeReport`` is read from; ``max_error_rate`` keeps what decodes.
    """
    node = ffmpeg.merge_outputs(*outputs) if len(outputs) > 1 else outputs[0]
    lead = ["-nostdin", "-hide_banner", "-nostats", "-loglevel", "repeat+level+verbose"]
    lead += ["-progress", "pipe:1", "-stats_period", "0.25", "-max_error_rate", "1", "-y"]
    return lead + separate_graphs(list(ffmpeg.get_args(node)))


def separate_graphs(arguments: Sequence[str]) -> list[str]:
    """Give video, raw audio and timed audio a filter graph of their own.

    ffmpeg rebuilds a whole graph when one of its inputs changes its format, as broadcast audio
    does between stereo and 5.1, and a rebuilt filter counts its time from 0 again. So the filter
    that evens out an audio track's formats stands alone, and no filter with a clock is rebuilt.
    """
    at = arguments.index("-filter_complex") if "-filter_complex" in arguments else None
    if at is None:
        return list(arguments)
    graphs: list[tuple[set[str], list[str]]] = []
    for step in arguments[at + 1].split(";"):
        labels = set(_LABEL.findall(step))
        joined = [graph for graph in graphs if graph[0] & labels]
        if _FIRST_AUDIO_FILTER.match(step):
            graphs.append((set(), [step]))
        elif joined:
            joined[0][0].update(labels)
            joined[0][1].append(step)
        else:
            graphs.append((labels, [step]))
    split = [part for _, steps in graphs for part in ("-filter_complex", ";".join(steps))]
    return [*arguments[:at], *split, *arguments[at + 2 :]]


def transcode(
    arguments: Sequence[str],
    *,
    duration: float | None,
    progress: Progress,
    timeout: float | None = None,
    stall_timeout: float = STALL_TIMEOUT,
    expected: ExpectedSize | None = None,
) -> DecodeReport:
    """Run ffmpeg with ``arguments`` and report its progress in seconds of ``duration``.

    It is stopped after ``timeout`` seconds, or after ``stall_timeout`` seconds without a new frame.
    Raises what ``process.run`` raises, ``StageTimeoutError`` when ffmpeg gets stuck,
    ``FrameSizeError`` as soon as frames contradict ``expected``, and whatever ``progress`` raises.
    """
    log = _LogReader(expected)
    read_progress = _progress_reader(duration, progress, stall_timeout)

    def read_line(line: str) -> None:
        log.check_size()
        read_progress(line)

    run_process(
        [ffmpeg_binary(), *arguments],
        on_line=read_line,
        on_error_line=log.read,
        timeout=timeout,
    )
    log.check_size()
    return DecodeReport(log.decoded, log.errors, log.damaged_frames)


@dataclass
class _LogReader:
    """Reads ffmpeg's log, line by line."""

    expected: ExpectedSize | None
    decoded: dict[int, int] = field(default_factory=dict)
    errors: dict[int, int] = field(default_factory=dict)
    damaged_frames: int = 0
    other_size: tuple[int, int] | None = None
    """The last frame size that contradicts ``expected``."""

    def read(self, line: str) -> None:
        """Take the next line."""
        if self.expected is not None and (size := self.expected.contradicts(line)):
            self.other_size = size
        elif _CORRUPT.search(line):
            self.damaged_frames += 1
        elif report := _STREAM_REPORT.search(line):
            index, frames, failed = (int(group) for group in report.groups())
            self.decoded[index], self.errors[index] = frames, failed

    def check_size(self) -> None:
        """Raise ``FrameSizeError`` when frames contradict the expected size."""
        if self.other_size is not None:
            raise FrameSizeError(*self.other_size)


def frames_decoded(tail: str, index: int) -> int:
    """Return how many frames of stream ``index`` ffmpeg's closing lines say it decoded."""
    counts = (_STREAM_REPORT.search(line) for line in tail.splitlines())
    return max((int(one[2]) for one in counts if one and int(one[1]) == index), default=0)


def progress_seconds(line: str) -> float | None:
    """Read one line of ``-progress``: seconds written so far, or None for any other line."""
    value = line.removeprefix(_OUT_TIME).strip()
    return int(value) / 1_000_000 if line.startswith(_OUT_TIME) and value.isdigit() else None


def _progress_reader(
    duration: float | None, progress: Progress, stall_timeout: float
) -> Callable[[str], None]:
    furthest, reached = -1.0, time.monotonic()

    def read(line: str) -> None:
        nonlocal furthest, reached
        if not line.startswith(_OUT_TIME):
            return
        seconds = progress_seconds(line)
        if seconds is not None and seconds > furthest:
            furthest, reached = seconds, time.monotonic()
        elif time.monotonic() - reached > stall_timeout:
            raise StageTimeoutError(
                f"ffmpeg made no progress for {stall_timeout:g} s (at {max(furthest, 0):.1f} s)"
                " and was stopped."
            )
        if seconds is not None:
            total = duration or seconds
            progress(min(seconds, total), total)

    return read
