"""Probe of a media file: its streams, the ones in use, and their properties."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import av
import av.error
from av.stream import Disposition

from reelworks.domain.video.video import AudioTrack, Probe, VideoTrack
from reelworks.errors import UnsupportedMediaError
from reelworks.media.inspect.container import open_container
from reelworks.media.inspect.picture_size import check_decodable, stated_size
from reelworks.media.inspect.sniff import check_source
from reelworks.media.inspect.still_pictures import still_picture_error
from reelworks.media.inspect.timing import looks_variable

INTERLACE_SAMPLE = 12
"""Frames decoded to see whether a video is interlaced."""

_STILL = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
_PICTURE_FORMATS = ("gif", "apng")
_HDR_TRANSFERS = (16, 18)
"""PQ and HLG: TransferCharacteristics of ITU-T H.273."""
_MATROSKA_END = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")
"""The tag that muxers write for each Matroska track: when it ends."""
_TIMES_MAY_JUMP = 0x200
"""ffmpeg's AVFMT_TS_DISCONT; ffmpeg counts such files from the earliest track in use."""


@dataclass(frozen=True, slots=True)
class _Decoded:
    """A stream and its first decoded frames."""

    stream: Any
    frames: tuple[Any, ...]

    @property
    def start(self) -> float:
        """Seconds of the first frame on the stream's own clock."""
        first = self.frames[0]
        return float(first.pts * first.time_base) if first.pts is not None else 0.0


def probe(path: Path, *, audio_track: int | None = None) -> Probe:
    """Probe a media file and choose its video and audio stream.

    Video is chosen by the default mark, then by pixels; audio by its number ``audio_track`` (from
    1), or else by the default mark, then the first; tracks of which nothing decodes, and attached
    cover images, are skipped.

    Raises ``SourceNotFoundError``, ``SourceUnreadableError``, ``UnsafeMediaError`` (a playlist or
    script) and ``UnsupportedMediaError`` (empty, no media, a still picture, or nothing in it
    decodes).
    """
    with open_container(path) as container:
        videos = [s for s in container.streams.video if _is_moving(s)]
        audios = [s for s in container.streams.audio if s.codec_context and s.sample_rate]
        if not videos and not audios:
            check_decodable(str(path), stated_size(check_source(path)))
            raise _nothing_to_play(path, container)
        videos.sort(key=lambda s: (not _is_default(s), -s.width * s.height, s.index))
        audios.sort(key=lambda s: (not _is_default(s), s.index))
        video = _first_decodable(path, videos, INTERLACE_SAMPLE)
        wanted = audios if audio_track is None else _by_number(audios)[audio_track - 1 :][:1]
        audio = _first_decodable(path, wanted, 1)
        if video is None and audio is None:
            raise UnsupportedMediaError(f"{path} is damaged: nothing in it can be decoded.")
        if video is not None and audio is None and _is_still(container, video):
            raise still_picture_error(path, container.format.name.upper())
        zero = _zero(container, [found for found in (video, audio) if found])
        video_tracks = {s.index: _video_track(s, zero) for s in videos}
        audio_tracks = {s.index: _audio_track(s, zero) for s in audios}
        if video is not None:
            video_tracks[video.stream.index] = _chosen_video(path, video, zero)
        if audio is not None:
            start = audio.start - zero
            audio_tracks[audio.stream.index] = _audio_track(audio.stream, zero, start)
        return Probe(
            container=str(container.format.name),
            duration=container.duration / av.time_base if container.duration else None,
            video_tracks=tuple(video_tracks[index] for index in sorted(video_tracks)),
            audio_tracks=tuple(audio_tracks[index] for index in sorted(audio_tracks)),
            video=video_tracks[video.stream.index] if video else None,
            audio=audio_tracks[audio.stream.index] if audio else None,
            title=container.metadata.get("title") or None,
        )


def _by_number(audios: Sequence[Any]) -> list[Any]:
    """Return audio streams in the file's order, which their numbers follow."""
    return sorted(audios, key=lambda stream: int(stream.index))


def _nothing_to_play(path: Path, container: Any) -> UnsupportedMediaError:
    if any(stream.disposition & _STILL for stream in container.streams.video):
        return still_picture_error(path)
    return UnsupportedMediaError(f"{path} contains no readable video or audio.")


def _is_moving(stream: Any) -> bool:
    readable = stream.codec_context is not None and stream.width > 0 and stream.height > 0
    return readable and not stream.disposition & _STILL


def _is_still(container: Any, video: _Decoded) -> bool:
    """True for a single picture in a format that may also hold an animation."""
    return container.format.name in _PICTURE_FORMATS and len(video.frames) == 1


def _is_default(stream: Any) -> bool:
    return bool(stream.disposition & Disposition.default)


def _first_decodable(path: Path, streams: Sequence[Any], count: int) -> _Decoded | None:
    for stream in streams:
        if frames := _frames(path, stream.index, count):
            return _Decoded(stream, frames)
    return None


def _frames(path: Path, index: int, count: int) -> tuple[Any, ...]:
    """Decode the first ``count`` frames of a stream, stepping over damaged packets."""
    with open_container(path) as container:
        return tuple(islice(_decodable(container, index), count))


def _decodable(container: Any, index: int) -> Any:
    stream = container.streams[index]
    try:
        for packet in container.demux(stream):
            try:
                yield from packet.decode()
            except av.error.FFmpegError:
                continue  # a damaged packet; the next may decode
    except av.error.FFmpegError:
        return  # the end of the file


def _zero(container: Any, used: Sequence[_Decoded]) -> float:
    """Where ffmpeg counts a file's time from, in seconds on its streams' own clocks."""
    if container.format.flags & _TIMES_MAY_JUMP:
        starts = [found.stream.start_time for found in used]
        known = [
            float(start * found.stream.time_base)
            for start, found in zip(starts, used, strict=True)
            if start is not None
        ]
        return min(known, default=0.0)
    return container.start_time / av.time_base if container.start_time else 0.0


def _start(stream: Any, zero: float) -> float:
    if stream.start_time is None:
        return 0.0
    return float(stream.start_time * stream.time_base) - zero


def _duration(stream: Any) -> float | None:
    if stream.duration:
        return float(stream.duration * stream.time_base)
    tag = _MATROSKA_END.fullmatch(stream.metadata.get("DURATION", ""))
    if tag is None:
        return None
    hours, minutes, seconds = (float(part) for part in tag.groups())
    return hours * 3600 + minutes * 60 + seconds - _start(stream, 0.0)


def _chosen_video(path: Path, found: _Decoded, zero: float) -> VideoTrack:
    stream = found.stream
    first = found.frames[0]
    rotation, mirrored = _orientation(first)
    return _video_track(
        stream,
        zero,
        start=found.start - zero,
        rotation=rotation,
        mirrored=mirrored,
        interlaced=any(frame.interlaced_frame for frame in found.frames),
        variable_rate=looks_variable(path, stream.index, stream.time_base),
        pixel_format=str(first.format.name),
        hdr=int(first.color_trc) in _HDR_TRANSFERS,
    )


def _orientation(frame: Any) -> tuple[int, bool]:
    """Return the clockwise degrees to rotate a frame, and whether to mirror it then.

    PyAV gives the display matrix's angle, which turns the other way and knows of no mirror. A
    matrix that mirrors has a negative determinant; the angle is then that of its first row, which
    for an upright or upside-down frame is the one before a left-right mirror.
    """
    rotation = round(-frame.rotation / 90) * 90 % 360
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return rotation, False
    a, b, _, c, d = struct.unpack("=5i", bytes(matrix)[:20])
    mirrored = a * d < b * c
    return (rotation + 180) % 360 if mirrored and rotation in (0, 180) else rotation, mirrored


def _video_track(stream: Any, zero: float, **seen: Any) -> VideoTrack:
    context = stream.codec_context
    aspect = stream.sample_aspect_ratio or context.sample_aspect_ratio
    known: dict[str, Any] = {
        "start": _start(stream, zero),
        "pixel_format": context.pix_fmt or "",
        "hdr": int(context.color_trc or 0) in _HDR_TRANSFERS,
    }
    return VideoTrack(
        index=stream.index,
        codec=context.codec.canonical_name,
        width=stream.width,
        height=stream.height,
        pixel_aspect=f"{aspect.numerator}:{aspect.denominator}" if aspect else "1:1",
        frame_rate=float(stream.average_rate) if stream.average_rate else None,
        default=_is_default(stream),
        profile=context.profile or "",
        duration=_duration(stream),
        **(known | seen),
    )


def _audio_track(stream: Any, zero: float, start: float | None = None) -> AudioTrack:
    return AudioTrack(
        index=stream.index,
        codec=stream.codec_context.codec.canonical_name,
        sample_rate=stream.sample_rate,
        channels=stream.channels,
        language=stream.language,
        start=_start(stream, zero) if start is None else start,
        default=_is_default(stream),
        duration=_duration(stream),
    )
