"""Presentation times of a video stream, read from its packets without decoding them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import av.error

from reelworks.media.inspect.container import open_container

SAMPLE = 600
"""Packets looked at to tell whether the rate is variable: 20 s at 30 fps."""

_REORDERED = 17
"""Packets that H.264 and HEVC may hold back before the one that they are shown after."""

_JITTER = Fraction(1, 1000)
"""Seconds: Matroska rounds every time to milliseconds."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The times of a video stream."""

    times: tuple[Fraction, ...]
    """Exact seconds in order of showing, from the container's zero."""
    keyframes: tuple[Fraction, ...]
    complete: bool
    """False when a packet is damaged, has no time, or is marked as not to be shown."""


def read_timing(path: Path, index: int, limit: int | None = None) -> Timing:
    """Read the times of stream ``index``: all of them, or the first ``limit`` packets'."""
    times: list[Fraction] = []
    keyframes: list[Fraction] = []
    complete = True
    with open_container(path) as container:
        stream = container.streams[index]
        packets = container.demux(stream)
        try:
            for packet in islice(packets, limit):
                if packet.size == 0:
                    continue
                if packet.pts is None or packet.is_corrupt or packet.is_discard:
                    complete = False
                    continue
                times.append(packet.pts * stream.time_base)
                if packet.is_keyframe:
                    keyframes.append(times[-1])
        except av.error.FFmpegError:
            complete = False
    return Timing(tuple(sorted(times)), tuple(sorted(keyframes)), complete)


def looks_variable(path: Path, index: int, tick: Fraction) -> bool:
    """True when the first frames of stream ``index`` do not come at one rate.

    ``tick`` is the time base of the stream, to which its times are rounded.
    """
    times = read_timing(path, index, SAMPLE).times
    # The last packets read may be shown after some that were not read.
    return is_variable(times[:-_REORDERED] if len(times) > _REORDERED * 2 else times, tick)


def is_variable(times: Sequence[Fraction], tick: Fraction) -> bool:
    """True when the gaps between ``times`` differ by more than rounding to ``tick`` explains."""
    gaps = [later - earlier for earlier, later in pairwise(times)]
    return len(gaps) > 1 and max(gaps) - min(gaps) > max(tick, _JITTER)


def is_constant(timing: Timing, rate: int) -> bool:
    """True when every frame is there, from 0 on, at exactly ``rate`` a second."""
    if not timing.complete or not timing.times or timing.times[0] != 0:
        return False
    return all(later - earlier == Fraction(1, rate) for earlier, later in pairwise(timing.times))


def longest_run(keyframes: Iterable[Fraction], end: Fraction) -> Fraction:
    """Seconds of the longest stretch without a keyframe; ``end`` closes the last one."""
    marks: list[Any] = [*keyframes, end]
    return max((later - earlier for earlier, later in pairwise(marks)), default=end)
