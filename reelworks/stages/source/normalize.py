"""Normalization: any video becomes H.264, 720p, constant 30 fps, with a small proxy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from reelworks.domain.artifact_keys import NORMALIZED, PROXY
from reelworks.domain.jobs.progress import Progress
from reelworks.domain.video.video import NormalizedVideo, Probe, VideoTrack
from reelworks.media import nvenc
from reelworks.media.audio import time_zero
from reelworks.media.encoding import NormalizeParams
from reelworks.media.frame_size import FrameSize, fitted_size
from reelworks.media.inspect.timing import is_constant, longest_run, read_timing
from reelworks.media.output_folder import output_folder
from reelworks.stages.source.encode import (
    EncodedVideo,
    EncodeRun,
    copy_video,
    encode_video,
    stated_hold,
)

__all__ = ["NormalizeParams", "Normalized", "is_normalized", "normalize"]

DURATION_TOLERANCE = 0.5
"""Less than this at the end is rounding of the container, not loss."""
MAX_KEYFRAME_INTERVAL = 10
"""Seconds between keyframes beyond which seeking in a copied source would be slow."""

NVENC_FAILED = "The GPU's encoder failed or is not there, so x264 encoded the video."


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

    Both have the same frames one to one. Their time 0 is the start of the earliest track in use,
    and they last as long as the longer of audio and video: the first and the last frame are shown
    where there is only audio. A source that is already normalized is copied. ``progress`` counts
    seconds. Damage is reported in ``NormalizedVideo.warnings``; what decodes is used.

    Raises ``UnsupportedMediaError`` when nothing decodes, ``NoSpaceError``,
    ``PermissionDeniedError`` and ``ProcessError``.
    """
    if probe.video is None:
        return Normalized(None, None, None)
    paths = (out_dir / NORMALIZED, out_dir / PROXY)
    run = EncodeRun(source, probe, resolve_encoder(params), paths, stated_hold(probe, params))
    with output_folder(out_dir, paths):
        made = (
            copy_video(run, progress)
            if not run.hold and is_normalized(source, probe, params)
            else None
        )
        copied = made is not None
        made = made or encode_video(run, progress)
    written, used = made.written, made.run.params.encoder
    video = NormalizedVideo(
        duration=written.frames / params.frame_rate,
        width=written.size.width,
        height=written.size.height,
        frames=written.frames,
        reencoded=not copied,
        warnings=(
            *_losses(made, probe.video),
            *([NVENC_FAILED] if params.encoder == "nvenc" and used == "x264" else []),
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
        and not (probe.mix and probe.mix.channels)
    )


def _losses(made: EncodedVideo, track: VideoTrack) -> Iterator[str]:
    """Yield in plain words which parts of the source are not in the result."""
    probe, report, zero = made.run.probe, made.report, time_zero(made.run.probe)
    if track.duration is not None:
        # A track's stated length starts at its first frame.
        frames = made.written.frames - made.run.hold
        lead = track.start - zero
        stated, found = track.duration, frames / made.run.params.frame_rate - lead
    else:
        stated, found = (probe.duration or 0) - zero, made.written.end
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
