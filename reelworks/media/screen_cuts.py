"""Cut detection for slides, consoles and recorded screens: one still frame replaces another.

Detectors made for film look at the mean change of hue, saturation and brightness. A new slide
with the same background changes that mean by next to nothing. The sign of it is that the *content
of the old frame is gone*: most of the small blocks that had detail before show something else
now. Text that appears step by step adds blocks and loses none, so a slide that builds up stays one
scene.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reelworks.media.video_reader import Luma

_BLOCK = 8
"""Side of a block in pixels: about one letter pair of readable text at 180 lines."""

Blocks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ScreenCutParams:
    """When a still frame counts as replaced. Areas are shares of the frame, 0 to 1."""

    lost_content: float = 0.22
    """Share of the old frame's detailed blocks that must have changed."""
    smallest_area: float = 0.01
    """Less changed area than this is never a cut: a pointer, a clock, a blinking caret."""
    block_detail: float = 2.5
    """Mean difference from its own surroundings at which a block counts as detailed."""
    still_seconds: float = 0.4
    """A frame is still when it looks as it did that long ago."""
    still_area: float = 0.015
    """Changed area up to which it looks the same."""
    refresh_seconds: float = 1.0
    """How often a slowly growing frame becomes the new thing to compare with."""
    longest_change: float = 2.0
    """Seconds that one still frame may take to become the next."""


@dataclass(slots=True)
class _Still:
    luma: Luma
    detail: Blocks
    t: float


class ScreenCutDetector:
    """Detector, fed with luma planes in order: the times at which one still replaces another."""

    def __init__(self, params: ScreenCutParams | None = None) -> None:
        self._params = params or ScreenCutParams()
        self._recent: deque[tuple[float, Luma]] = deque()
        self._reference: _Still | None = None
        self._last_still = 0.0
        self._busiest = (0.0, 0.0)
        """Changed area and time of the largest single step since the reference."""

    def feed(self, t: float, luma: Luma) -> float | None:
        """Take the frame shown at ``t`` seconds; return the time of a cut once it is certain.

        A cut is certain when the new frame has been still for a moment, so the time returned
        lies before ``t``: it is the largest step between the two stills.
        """
        if self._recent:
            area = float(changed_blocks(self._recent[-1][1], luma).mean())
            if area > self._busiest[0]:
                self._busiest = (area, t)
        self._recent.append((t, luma))
        if t - self._recent[0][0] < self._params.still_seconds:
            return None
        _, before = self._recent.popleft()
        if float(changed_blocks(before, luma).mean()) > self._params.still_area:
            return None
        return self._compare(t, luma)

    def _compare(self, t: float, luma: Luma) -> float | None:
        reference, since = self._reference, t - self._last_still
        self._last_still = t
        if reference is None:
            self._set_reference(t, luma)
            return None
        cut = self._busiest[1]
        if self._is_replaced(reference, luma):
            self._set_reference(t, luma)
            quick = since <= self._params.longest_change + self._params.still_seconds
            return cut if quick else None
        if t - reference.t >= self._params.refresh_seconds:
            self._set_reference(t, luma)
        return None

    def _is_replaced(self, old: _Still, luma: Luma) -> bool:
        changed = changed_blocks(old.luma, luma)
        lost = changed & old.detail
        if lost.mean() < self._params.smallest_area:
            return False
        return float(lost.sum()) >= self._params.lost_content * float(old.detail.sum())

    def _set_reference(self, t: float, luma: Luma) -> None:
        blurred = cv2.blur(luma, (_BLOCK + 1, _BLOCK + 1))
        detail = _block_differences(luma, blurred) > self._params.block_detail
        self._reference = _Still(luma, detail, t)
        self._busiest = (0.0, t)


def changed_blocks(before: Luma, after: Luma, difference: float = 5.0) -> Blocks:
    """Return which blocks of 8x8 pixels differ by more than ``difference`` on average (0 to 255).

    The default lies above what coding noise leaves in a block of a small proxy.
    """
    changed: Blocks = _block_differences(before, after) > difference
    return changed


def _block_differences(one: Luma, other: cv2.typing.MatLike) -> cv2.typing.MatLike:
    height, width = one.shape
    size = (max(1, width // _BLOCK), max(1, height // _BLOCK))
    return cv2.resize(cv2.absdiff(one, other), size, interpolation=cv2.INTER_AREA)
