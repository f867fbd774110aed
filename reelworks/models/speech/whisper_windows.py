"""Whisper windows: speech with the silence removed, and the mapping back to file times.

A window is a list of stretches of the file, joined. Whisper sees at most 30 s at once and its
work per window hardly depends on how full the window is, so windows are filled, and they end
where the speaker pauses longest, so that no word and seldom a sentence is cut.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter

from reelworks.models.speech.voice_activity import Region

WINDOW_MAX = 25.0
"""Seconds in a window: Whisper's 30 s, less a rest in which it sees the end of speech."""
PAD = 0.4
"""Seconds added on each side of a stretch of speech: consonants that the VAD cuts off."""


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

    Each window ends at the longest pause in the last third of the room it has.
    """
    pauses = [((a[1] + b[0]) / 2, b[0] - a[1]) for a, b in pairwise(regions)]
    stretches = [
        piece
        for stretch in _padded(regions, duration)
        for piece in _split_stretch(stretch, limit, pauses)
    ]
    windows: list[Window] = []
    first = 0
    while first < len(stretches):
        after = _window_end(stretches, first, limit)
        windows.append(Window(tuple(stretches[first:after])))
        first = after
    return windows


def _padded(regions: Sequence[Region], duration: float) -> list[Region]:
    """Widen each region by ``PAD`` and join those that then touch."""
    joined: list[Region] = []
    for start, end in regions:
        begin, stop = max(0.0, start - PAD), min(duration, end + PAD)
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
        else:
            joined.append((begin, stop))
    return joined


def _split_stretch(
    stretch: Region, limit: float, pauses: Sequence[tuple[float, float]]
) -> list[Region]:
    """Cut a stretch that does not fit a window at its longest pauses, or where it must be."""
    start, end = stretch
    pieces: list[Region] = []
    while end - start > limit:
        low = bisect_left(pauses, (start + limit / 2,))
        high = bisect_left(pauses, (start + limit,))
        cut = max(pauses[low:high], key=itemgetter(1), default=(start + limit, 0.0))[0]
        pieces.append((start, cut))
        start = cut
    return [*pieces, (start, end)]


def _window_end(stretches: Sequence[Region], first: int, limit: float) -> int:
    """Return the index after the last stretch of the window that begins with ``first``."""
    filled = 0.0
    best, longest = first + 1, -1.0
    for index in range(first, len(stretches)):
        start, end = stretches[index]
        filled += end - start
        if filled > limit:
            break
        if index + 1 == len(stretches):
            return index + 1
        pause = stretches[index + 1][0] - end
        if filled < limit * 2 / 3:
            best = index + 1
        elif pause >= longest:
            best, longest = index + 1, pause
    return best
