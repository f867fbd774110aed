"""Normalization: any video becomes H.264, 720p, constant 30 fps, with a small proxy."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from reelworks.domain.artifact_keys import NORMALIZED, PROXY
from reelworks.domain.jobs.progress import Progress
from reelworks.domain.video.video import NormalizedVideo, Probe, VideoTrack
from reelworks.errors import ProcessError, StageTimeoutError, UnsupportedMediaError
from reelworks.media import nvenc
from reelworks.media.encoding import (
    NormalizeParams,
    normalize_arguments,
    remux_arguments,
)
from reelworks.media.ffmpeg import DecodeReport, frames_decoded, transcode
from reelworks.media.frame_size import FrameSize, fitted_size
from reelworks.media.inspect.container import open_container
from reelworks.media.inspect.timing import is_constant, longest_run, read_timing
from reelworks.media.output_folder import output_folder

log = logging.getLogger(__name__)

__all__ = ["NormalizeParams", "Normalized", "is_normalized", "normalize"]

DURATION_TOLERANCE = 0.5
"""Less than this at the end is rounding of the container, not loss."""
MAX_KEYFRAME_INTERVAL = 10
"""Seconds between keyframes beyond which seeking in a copied source would be slow."""

NVENC_FAILED = "The GPU's encoder failed or is not there, so x264 encoded the video."

_FILTER_FAILED = re.compile(r"^\[(?:Parsed_|fc#|vf#|libx264)\S* @ .*\[error\] (.+)$", re.MULTILINE)
_ZSCALE_FAILED = re.compile(r"zscale\S* @ .*\[error\]")


@dataclass(frozen=True, slots=True)
class Normalized:
    """What ``normalize`` made; all None when the source has no video."""

    video: NormalizedVideo | None
    video_path: Path | None
    proxy_path: Path | None


def normalize(
    source: Path, probe: Probe, params: NormalizeParams, out_dir: Path, progress: Progress
) -> Normalized:
    """Write ``normalized.mp4`` and ``proxy.mp4`` into ``out_dir`` from one decode of ``source``.

    Both have the same frames one to one, and their time 0 is the source's first frame. A source
    that is already normalized is copied. ``progress`` counts seconds. Damage is reported in
    ``NormalizedVideo.warnings``; what decodes is used.

    Raises ``UnsupportedMediaError`` when nothing decodes, ``NoSpaceError``,
    ``PermissionDeniedError`` and ``ProcessError``.
    """
    if probe.video is None:
        return Normalized(None, None, None)
    paths = (out_dir / NORMALIZED, out_dir / PROXY)
    encoder = None
    copied = is_normalized(source, probe, params)
    with output_folder(out_dir, paths):
        if copied:
            arguments = remux_arguments(source, probe, params, *paths)
            report = transcode(arguments, duration=probe.duration, progress=progress)
        else:
            encoder, report = _encode(source, probe, resolve_encoder(params), paths, progress)
        written = _read_written(paths[0])
    video = NormalizedVideo(
        duration=written.frames / params.frame_rate,
        width=written.size.width,
        height=written.size.height,
        frames=written.frames,
        reencoded=not copied,
        warnings=(
            *_losses(probe, probe.video, report, written, params.frame_rate),
            *([NVENC_FAILED] if params.encoder == "nvenc" and encoder == "x264" else []),
        ),
    )
    if probe.duration:
        progress(probe.duration, probe.duration)
    return Normalized(video, *paths)


def resolve_encoder(params: NormalizeParams) -> NormalizeParams:
    """Return ``params`` with ``auto`` resolved to this machine's encoder."""
    if params.encoder != "auto":
        return params
    return replace(params, encoder="nvenc" if nvenc.works() else "x264")


def is_normalized(source: Path, probe: Probe, params: NormalizeParams) -> bool:
    """True when ``source`` already is what ``normalize`` would make of it.

    The stated properties are checked first; only a file that passes has all its packets' times
    read, since a rate that is constant by its header may have holes.
    """
    track = probe.video
    if track is None or not _states_normalized_form(probe, track, params):
        return False
    timing = read_timing(source, track.index)
    if not is_constant(timing, params.frame_rate):
        return False
    end = Fraction(len(timing.times), params.frame_rate)
    whole = track.duration is None or track.duration - end <= DURATION_TOLERANCE
    return whole and longest_run(timing.keyframes, end) <= MAX_KEYFRAME_INTERVAL


def _states_normalized_form(probe: Probe, track: VideoTrack, params: NormalizeParams) -> bool:
    audio = probe.audio
    return (
        "mp4" in probe.container
        and track.codec == "h264"
        and track.pixel_format == "yuv420p"
        and abs((track.frame_rate or 0) - params.frame_rate) < 0.01
        and not (track.interlaced or track.hdr or track.variable_rate)
        and fitted_size(track, params.max_height) == FrameSize(track.width, track.height)
        and not (track.rotation or track.mirrored)
        and abs(track.start) < 1e-6
        and (audio is None or (audio.codec == "aac" and audio.start > -1e-6))
    )


def _encode(
    source: Path,
    probe: Probe,
    params: NormalizeParams,
    paths: tuple[Path, Path],
    progress: Progress,
) -> tuple[str, DecodeReport]:
    """Encode; return the encoder that did it.

    Where NVENC fails, use x264; where zscale does (frames that become odd-sized half way),
    swscale.
    """
    arguments = normalize_arguments(source, probe, params, *paths)
    try:
        report = transcode(arguments, duration=probe.duration, progress=progress)
        return params.encoder, report
    except (ProcessError, StageTimeoutError) as error:
        tail = error.tail if isinstance(error, ProcessError) else ""
        if params.scaler == "zscale" and _ZSCALE_FAILED.search(tail):
            return _encode(source, probe, replace(params, scaler="swscale"), paths, progress)
        if params.encoder == "nvenc":
            log.warning(
                "NVENC could not encode %s; x264 encodes it instead: %s", source.name, error
            )
            return _encode(source, probe, replace(params, encoder="x264"), paths, progress)
        if not isinstance(error, ProcessError) or "Nothing was written" not in tail:
            raise
        if probe.video is None or not frames_decoded(tail, probe.video.index):
            raise UnsupportedMediaError(f"{source} is damaged: no frame can be decoded.") from error
        raise _filters_failed(source, error) from error


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


@dataclass(frozen=True, slots=True)
class _Written:
    frames: int
    size: FrameSize
    end: float


def _read_written(path: Path) -> _Written:
    """Read the header of what was written: its size, frames, and seconds of its longest track."""
    with open_container(path) as container:
        stream = container.streams.video[0]
        return _Written(
            frames=stream.frames,
            size=FrameSize(stream.width, stream.height),
            end=(container.duration or 0) / 1_000_000,
        )


def _losses(
    probe: Probe,
    track: VideoTrack,
    report: DecodeReport,
    written: _Written,
    rate: int,
) -> Iterator[str]:
    """Yield in plain words which parts of the source are not in the result."""
    if track.duration is not None:
        # A track's stated length starts at its first frame.
        stated, found = track.duration, written.frames / rate
    else:
        stated, found = (probe.duration or 0) - track.start, written.end
    if stated - found > DURATION_TOLERANCE:
        yield f"The source states {stated:.1f} s but only {found:.1f} s could be decoded."
    if failed := report.errors.get(track.index, 0):
        yield f"{_count(failed, 'picture')} of the source could not be decoded."
    if report.damaged_frames:
        yield f"{_count(report.damaged_frames, 'picture')} of the source may show damage."
    if probe.audio is not None and (failed := report.errors.get(probe.audio.index, 0)):
        yield f"{_count(failed, 'piece')} of sound in the source could not be decoded."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
