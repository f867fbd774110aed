"""Runs of ffmpeg that write a normalized video: again where the header was wrong."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, replace
from pathlib import Path

from reelworks.domain.jobs.progress import Progress
from reelworks.domain.video.video import Probe
from reelworks.errors import ProcessError, StageTimeoutError, UnsupportedMediaError
from reelworks.media.encoding import NormalizeParams, normalize_arguments, remux_arguments
from reelworks.media.ffmpeg import (
    DecodeReport,
    ExpectedSize,
    FrameSizeError,
    frames_decoded,
    transcode,
)
from reelworks.media.frame_size import FrameSize
from reelworks.media.inspect.container import open_container

log = logging.getLogger(__name__)

HOLD_TOLERANCE = 0.25
"""Seconds by which the audio may be longer before the last frame is repeated to its end: codecs
and muxers round the ends of tracks, and no word is that short."""

_FILTER_FAILED = re.compile(r"^\[(?:Parsed_|fc#|vf#|libx264)\S* @ .*\[error\] (.+)$", re.MULTILINE)
_ZSCALE_FAILED = re.compile(r"zscale\S* @ .*\[error\]")


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """The header of a normalized file: frames, size, and seconds of its longest track."""

    frames: int
    size: FrameSize
    end: float
    audio_end: float
    """Seconds; 0 without audio."""


def stated_hold(probe: Probe, params: NormalizeParams) -> int:
    """Return how many frames the audio outlasts the video by, as the tracks' headers state it."""
    video, audio = probe.video, probe.audio
    if video is None or audio is None or video.duration is None or audio.duration is None:
        return 0
    longer = audio.start + audio.duration - (video.start + video.duration)
    return round(longer * params.frame_rate) if longer > HOLD_TOLERANCE else 0


@dataclass(frozen=True, slots=True)
class EncodeRun:
    """One run of ffmpeg over a source."""

    source: Path
    probe: Probe
    params: NormalizeParams
    paths: tuple[Path, Path]
    hold: int = 0
    """Repeats of the last frame."""
    resized: bool = False
    """True when the video's size is no longer that of the header."""

    @property
    def expected(self) -> ExpectedSize | None:
        """The size of the decoded frames."""
        video = self.probe.video
        return ExpectedSize(video.width, video.height, not self.resized) if video else None


@dataclass(frozen=True, slots=True)
class EncodedVideo:
    """A run that succeeded, and what it wrote."""

    run: EncodeRun
    report: DecodeReport
    written: WrittenFile

    @property
    def needed_hold(self) -> int:
        """How many times the last frame has to be repeated for the audio that really decoded."""
        rate, frames = self.run.params.frame_rate, self.written.frames - self.run.hold
        longer = self.written.audio_end - frames / rate
        return round(longer * rate) if longer > HOLD_TOLERANCE else 0


def copy_video(run: EncodeRun, progress: Progress) -> EncodedVideo | None:
    """Copy a source that is normalized already; None when its audio outlasts the copy's video."""
    arguments = remux_arguments(run.source, run.probe, run.params, *run.paths)
    report = transcode(arguments, duration=run.probe.duration, progress=progress)
    made = EncodedVideo(run, report, _read_written(run.paths[0]))
    return None if made.needed_hold else made


def encode_video(run: EncodeRun, progress: Progress) -> EncodedVideo:
    """Encode; once more where the audio does not end when its header states it."""
    made = _encode(run, progress)
    if abs(made.needed_hold - made.run.hold) <= HOLD_TOLERANCE * run.params.frame_rate:
        return made
    return _encode(replace(made.run, hold=made.needed_hold), progress)


def _encode(run: EncodeRun, progress: Progress) -> EncodedVideo:
    """Encode.

    Where NVENC fails, x264 does it; where zscale does (frames that become odd-sized half way),
    swscale. Where frames have another size than the header's (cropped, or grown half way), once
    more for that size.
    """
    params = run.params
    arguments = normalize_arguments(run.source, run.probe, params, *run.paths, run.hold)
    try:
        report = transcode(
            arguments, duration=run.probe.duration, progress=progress, expected=run.expected
        )
        return EncodedVideo(run, report, _read_written(run.paths[0]))
    except FrameSizeError as found:
        return _encode(_with_size(run, *found.size), progress)
    except (ProcessError, StageTimeoutError) as error:
        tail = error.tail if isinstance(error, ProcessError) else ""
        if params.scaler == "zscale" and _ZSCALE_FAILED.search(tail):
            return _encode(replace(run, params=replace(params, scaler="swscale")), progress)
        if params.encoder == "nvenc":
            log.warning(
                "NVENC could not encode %s; x264 encodes it instead: %s", run.source.name, error
            )
            return _encode(replace(run, params=replace(params, encoder="x264")), progress)
        if not isinstance(error, ProcessError) or "Nothing was written" not in tail:
            raise
        video = run.probe.video
        if video is None or not frames_decoded(tail, video.index):
            raise UnsupportedMediaError(
                f"{run.source} is damaged: no frame can be decoded."
            ) from error
        raise _filters_failed(run.source, error) from error


def _with_size(run: EncodeRun, width: int, height: int) -> EncodeRun:
    video = run.probe.video
    if video is None:
        return run
    sized = replace(video, width=width, height=height)
    return replace(run, probe=replace(run.probe, video=sized), resized=True)


def _filters_failed(source: Path, error: ProcessError) -> ProcessError:
    """Return an error that quotes the filter or encoder that failed first."""
    reason = _FILTER_FAILED.search(error.tail)
    said = reason[1].rstrip(".!") if reason else "no reason given"
    return ProcessError(
        f"The video of {source} can be decoded, but ffmpeg cannot convert it ({said}); "
        "please report it with the file.",
        arguments=error.arguments,
        tail=error.tail,
    )


def _read_written(path: Path) -> WrittenFile:
    with open_container(path) as container:
        stream = container.streams.video[0]
        audios = container.streams.audio
        return WrittenFile(
            frames=stream.frames,
            size=FrameSize(stream.width, stream.height),
            end=(container.duration or 0) / 1_000_000,
            audio_end=max((float((a.duration or 0) * a.time_base) for a in audios), default=0.0),
        )
