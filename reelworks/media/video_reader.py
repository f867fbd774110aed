"""Video reader: decoded frames with exact times.

PyAV gives presentation times and lets a decoder skip frames that are not needed,
which OpenCV does not. Times are seconds after the first frame, from PTS and time base.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from reelworks.errors import UnsupportedMediaError

Luma = NDArray[np.uint8]
"""HxW uint8: brightness as coded, 16 to 235."""

_UNKNOWN_RATE = Fraction(30)


@dataclass(frozen=True, slots=True)
class DecodedFrame:
    """One decoded frame: ``t`` and ``t_end`` in seconds after the first frame's start."""

    t: float
    t_end: float
    pts: int
    av_frame: Any
    """The ``av.VideoFrame``."""
    converter: VideoReformatter
    """One for the whole file: setting one up costs more than a small frame's conversion."""

    def luma(self) -> Luma:
        """Return the luma plane, HxW uint8, of a planar YUV frame."""
        plane = self.av_frame.planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        return rows[: self.av_frame.height, : self.av_frame.width]

    def bgr(self) -> NDArray[np.uint8]:
        """Return the frame as HxWx3 uint8 BGR, the order that OpenCV works in."""
        converted = self.converter.reformat(self.av_frame, format="bgr24")
        return np.asarray(converted.to_ndarray(), np.uint8)

    def rgb(self, width: int, height: int) -> bytes:
        """Return the frame at another size as 8-bit RGB, row by row, without padding."""
        pixels: NDArray[np.uint8] = self.av_frame.to_ndarray(
            format="rgb24", width=width, height=height, interpolation="BICUBIC"
        )
        return pixels.tobytes()


class VideoReader:
    """An open video file. Made by :func:`open_video`."""

    def __init__(self, container: Any, path: Path) -> None:
        self._container = container
        self._stream = container.streams.video[0]
        # One thread costs the least CPU on small frames and keeps skipping exact.
        self._stream.thread_type = "NONE"
        self._path = path
        self._converter = VideoReformatter()
        self._base = Fraction(self._stream.time_base)
        self._start = int(self._stream.start_time or 0)
        rate = self._stream.average_rate or _UNKNOWN_RATE
        self._tick = Fraction(1) / Fraction(rate)

    @property
    def frame_rate(self) -> Fraction:
        """Frames per second."""
        return 1 / self._tick

    @property
    def time_base(self) -> Fraction:
        """Seconds of one unit of PTS."""
        return self._base

    @property
    def stated_duration(self) -> float:
        """Seconds as the container states them; 0.0 when it does not."""
        return float((self._stream.duration or 0) * self._base)

    def frames(self) -> Iterator[DecodedFrame]:
        """Decode every frame in order.

        Raises ``UnsupportedMediaError`` when the file breaks in the middle.
        """
        with _read_errors(self._path):
            for frame in self._container.decode(self._stream):
                yield self._decoded(frame)

    def keyframe_times(self) -> NDArray[np.float64]:
        """Return when keyframes start, from the file's index, to within a few frames.

        Index times are decoding times, so they may lie a little early: good enough to see what
        a seek will cost, not to identify a frame.
        """
        stamps = [e.timestamp for e in self._stream.index_entries if e.is_keyframe]
        return np.array([float((s - self._start) * self._base) for s in sorted(stamps)])

    def frames_at(self, times: list[float]) -> list[DecodedFrame]:
        """Decode the frames shown at ``times`` (ascending seconds), seeking once.

        Starts at the keyframe before the first time and skips frames that no other frame
        needs. Returns fewer when the file ends early.
        """
        half = self._tick / 2 / self._base
        wanted = [round(t / self._base) + self._start for t in times]
        found: list[DecodedFrame] = []
        with _read_errors(self._path):
            self._container.seek(wanted[0], stream=self._stream, backward=True)
            self._stream.codec_context.flush_buffers()
            for packet in self._container.demux(self._stream):
                near = packet.pts is None or any(abs(packet.pts - w) < half for w in wanted)
                self._stream.codec_context.skip_frame = "DEFAULT" if near else "NONREF"
                for frame in packet.decode():
                    if abs(frame.pts - wanted[len(found)]) < half:
                        found.append(self._decoded(frame))
                        if len(found) == len(wanted):
                            return found
        return found

    def _decoded(self, frame: Any) -> DecodedFrame:
        t = (frame.pts - self._start) * self._base
        length = frame.duration * self._base if frame.duration else self._tick
        times = {"t": float(t), "t_end": float(t + length)}
        return DecodedFrame(**times, pts=frame.pts, av_frame=frame, converter=self._converter)


@contextmanager
def open_video(path: Path) -> Iterator[VideoReader]:
    """Open a video made by the normalize stage.

    Raises ``UnsupportedMediaError`` when the file is no video or has no video stream.
    """
    with _read_errors(path):
        container = av.open(str(path))
    with container:
        if not container.streams.video:
            raise UnsupportedMediaError(
                f"{path.name} has no video track; normalize the source again."
            )
        yield VideoReader(container, path)


@contextmanager
def _read_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except av.error.FFmpegError as error:
        raise UnsupportedMediaError(
            f"{path.name} cannot be read as video ({error.strerror}); normalize the source again."
        ) from error
