"""Whisper windows: speech with the silence removed, and the mapping back to file times.

A window is a list of stretches of the file, joined. Whisper sees at most 30 s at once and its
work per window hardly depends on how full the window is, so there are few of them, and they end
where the speaker pauses long, so that no word and seldom a sentence is cut.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from reelworks.models.speech.voice_activity import Region

WINDOW_MAX = 29.0
"""Seconds in a window: Whisper's 30 s, less a rest in which it sees the end of speech."""
PAD = 0.4
"""Seconds added on each side of a stretch of speech: consonants that the VAD cuts off."""
_FREE_PAUSE = 1.0
"""Seconds of a pause at which a cut costs nothing: sentences end there."""
_CUT_COST = 0.5
"""What a cut without any pause costs; an empty window costs 1."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """Speech that is never cut further, and the pause after it, in seconds."""

    start: float
    end: float
    pause: float


@dataclass(frozen=True, slots=True)
class Window:
    """Stretches of the file that are decoded as one."""

    stretches: tuple[Region, ...]

    @property
    def duration(self) -> float:
        """Seconds of audio in the window."""
        return sum(end - start for start, end in self.stretches)

    @property
    def span(self) -> Region:
        """From the first stretch's start to the last one's end, in the file."""
        return self.stretches[0][0], self.stretches[-1][1]

    def to_file(self, t_start: float, t_end: float) -> Region:
        """Turn a word's times in the window into times in the file.

        The stretch under the word's middle decides, so that a word is never torn apart.
        """
        middle = (t_start + t_end) / 2
        offset = 0.0
        for index, (start, end) in enumerate(self.stretches):
            length = end - start
            if middle < offset + length or index == len(self.stretches) - 1:
                shift = start - offset
                return min(max(t_start + shift, start), end), min(max(t_end + shift, start), end)
            offset += length
        raise ValueError("a window has at least one stretch")


def plan_windows(
    regions: Sequence[Region], duration: float, limit: float = WINDOW_MAX
) -> list[Window]:
    """Pack the speech ``regions`` of a file of ``duration`` seconds into windows up to ``limit``.

    Of all ways to cut, that with the least cost is taken: each window costs the square of the
    share that stays empty, so that few windows are about equally full and none is left with one
    sentence, which Whisper understands badly; and each cut costs the more the shorter its pause.
    """
    units = [part for unit in _units(regions, duration) for part in _split_evenly(unit, limit)]
    ends = _cheapest_ends(units, limit)
    return [
        Window(_stretches([(u.start, u.end) for u in units[first:after]]))
        for first, after in pairwise([0, *ends])
    ]


def _units(regions: Sequence[Region], duration: float) -> list[_Unit]:
    """Widen each region by ``PAD``; two that would overlap meet in the middle of their pause."""
    if not regions:
        return []
    middles = [(a[1] + b[0]) / 2 for a, b in pairwise(regions)]
    pauses = [b[0] - a[1] for a, b in pairwise(regions)]
    return [
        _Unit(max(start - PAD, low), min(end + PAD, high), pause)
        for (start, end), low, high, pause in zip(
            regions, [0.0, *middles], [*middles, duration], [*pauses, _FREE_PAUSE], strict=True
        )
    ]


def _split_evenly(unit: _Unit, limit: float) -> list[_Unit]:
    """Cut what does not fit a window, for want of any pause, into equal parts."""
    count = max(1, math.ceil((unit.end - unit.start) / limit - 1e-9))
    edges = [unit.start + (unit.end - unit.start) * i / count for i in range(count)]
    parts = [_Unit(a, b, 0.0) for a, b in pairwise([*edges, unit.end])]
    return [*parts[:-1], replace(parts[-1], pause=unit.pause)]


def _cheapest_ends(units: Sequence[_Unit], limit: float) -> list[int]:
    """Return the index after each window's last unit, by dynamic programming from the end."""
    costs = [0.0] * (len(units) + 1)
    nexts = [0] * len(units)
    for first in range(len(units) - 1, -1, -1):
        filled, costs[first] = 0.0, math.inf
        for after in range(first + 1, len(units) + 1):
            last = units[after - 1]
            filled += last.end - last.start
            if filled > limit + 1e-6 and after > first + 1:
                break
            cut = _CUT_COST * (1 - min(last.pause / _FREE_PAUSE, 1.0))
            cost = (1 - filled / limit) ** 2 + cut + costs[after]
            if cost < costs[first]:
                costs[first], nexts[first] = cost, after
    ends, at = [], 0
    while at < len(units):
        at = nexts[at]
        ends.append(at)
    return ends


def _stretches(units: Sequence[Region]) -> tuple[Region, ...]:
    """Join units that touch."""
    joined: list[Region] = []
    for start, end in units:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return tuple(joined)
