"""Shapes on an image: flat patches enclosed by edges, and small marks made of edges."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reelworks.domain.video.vision import Box

Image = NDArray[np.uint8]

EDGE_STEP = 12
"""Difference between neighbour pixels, of 255, that makes an edge: over JPEG noise, under the
faintest border in common style sheets (19)."""
STRONG_STEP = 30
"""The same where only plain borders count: over the ringing that JPEG leaves around letters."""


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle in pixels: left, top, width, height."""

    x: int
    y: int
    w: int
    h: int

    @property
    def right(self) -> int:
        """First column after it."""
        return self.x + self.w

    @property
    def bottom(self) -> int:
        """First row after it."""
        return self.y + self.h

    @property
    def middle(self) -> tuple[float, float]:
        """Centre: x, y."""
        return self.x + self.w / 2, self.y + self.h / 2

    def grown(self, by: int) -> Rect:
        """Return it with each side moved outward by ``by`` pixels, or inward when negative."""
        return Rect(self.x - by, self.y - by, self.w + 2 * by, self.h + 2 * by)

    def contains_point(self, x: float, y: float) -> bool:
        """True when the point lies inside."""
        return self.x <= x < self.right and self.y <= y < self.bottom

    def contains(self, other: Rect) -> bool:
        """True when ``other`` lies inside as a whole."""
        return (
            self.x <= other.x
            and self.y <= other.y
            and self.right >= other.right
            and self.bottom >= other.bottom
        )

    def overlap(self, other: Rect) -> float:
        """Return the shared area as a part of the smaller one's, 0 to 1."""
        w = min(self.right, other.right) - max(self.x, other.x)
        h = min(self.bottom, other.bottom) - max(self.y, other.y)
        return max(w, 0) * max(h, 0) / max(min(self.w * self.h, other.w * other.h), 1)

    def cut(self, image: Image) -> Image:
        """Return the part of ``image`` that it covers."""
        return image[max(self.y, 0) : max(self.bottom, 0), max(self.x, 0) : max(self.right, 0)]

    def as_box(self, image: Image) -> Box:
        """Return it in fractions of ``image``, clipped to it."""
        height, width = image.shape[:2]
        x, y = max(self.x, 0), max(self.y, 0)
        return Box(
            x / width,
            y / height,
            (min(self.right, width) - x) / width,
            (min(self.bottom, height) - y) / height,
        )


def rect_of(box: Box, image: Image) -> Rect:
    """Return a box as whole pixels of ``image``."""
    height, width = image.shape[:2]
    return Rect(
        round(box.x * width), round(box.y * height), round(box.w * width), round(box.h * height)
    )


def differences(image: Image, reach: int) -> Image:
    """Return the largest difference in a channel between pixels of a square of ``reach``."""
    kernel = np.ones((reach, reach), np.uint8)
    red, green, blue = cv2.split(cv2.morphologyEx(image, cv2.MORPH_GRADIENT, kernel))
    # Ten times as fast as numpy's maximum over an axis of three.
    return np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)


class EdgeMaps:
    """Edges of one image (HxWx3 uint8 RGB) at several steps; 1 where an edge is, else 0."""

    def __init__(self, image: Image) -> None:
        self.image = image
        self._wide = differences(image, 3)
        self.fine = self.over(EDGE_STEP)
        self.plain = self.over(STRONG_STEP)
        self.thin = np.asarray(differences(image, 2) >= STRONG_STEP, np.uint8)

    def over(self, step: int) -> Image:
        """Return where pixels in a square of three differ by ``step`` (of 255) in a channel."""
        return np.asarray(self._wide >= step, np.uint8)

    def strength(self, area: Rect) -> float:
        """Return the step that the sharpest fiftieth of an area reaches, 0 to 255; 0 if empty."""
        patch = area.cut(self._wide)
        return float(np.percentile(patch, 98)) if patch.size else 0.0


def marks(edges: Image, smallest: int, largest: int) -> list[Rect]:
    """Return the boxes of connected edges whose sides lie between the two, in pixels."""
    if not edges.size:  # OpenCV would end the process
        return []
    _, _, stats, _ = cv2.connectedComponentsWithStats(edges, connectivity=8)
    sides = stats[1:, 2:4]
    fits = (sides >= smallest).all(axis=1) & (sides <= largest).all(axis=1)
    return [Rect(*(int(v) for v in row[:4])) for row in stats[1:][fits]]


def panels(edges: EdgeMaps, smallest: Rect, largest: Rect) -> list[Rect]:
    """Return flat patches of rectangular outline (round corners allowed), borders included.

    ``smallest`` and ``largest`` bound the width and height in pixels. Holes, such as the letters
    on a button, do not count against a patch. Three views of the edges are joined: fine edges
    for faint borders, strong thin ones for letters close to their border, and fine ones closed
    sideways for borders that a label interrupts.
    """
    closed = np.asarray(cv2.morphologyEx(edges.fine, cv2.MORPH_CLOSE, np.ones((1, 9))), np.uint8)
    found: list[Rect] = []
    # A square of two pixels marks a border line and what follows it: one pixel less at the end.
    for view, tail in ((edges.fine, 2), (edges.thin, 1), (closed, 2), (edges.plain, 2)):
        for rect in _patches(view, smallest, largest):
            whole = Rect(rect.x - 2, rect.y - 2, rect.w + 2 + tail, rect.h + 2 + tail)
            if not any(_same(whole, other) for other in found):
                found.append(whole)
    return found


def _patches(edges: Image, smallest: Rect, largest: Rect) -> list[Rect]:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(1 - edges, connectivity=4)
    found = []
    widths, heights = stats[:, 2], stats[:, 3]
    fits = (smallest.w <= widths) & (widths <= largest.w)
    fits &= (smallest.h <= heights) & (heights <= largest.h)
    fits[0] = False  # the edges themselves
    for index in np.flatnonzero(fits):
        x, y, w, h = (int(v) for v in stats[index, :4])
        patch = (labels[y : y + h, x : x + w] == index).astype(np.uint8)
        if _outline_area(patch) >= 0.8 * (w - 1) * (h - 1) and _is_straight(patch):
            found.append(Rect(x, y, w, h))
    return found


def _same(a: Rect, b: Rect) -> bool:
    return max(abs(a.x - b.x), abs(a.y - b.y), abs(a.right - b.right), abs(a.bottom - b.bottom)) < 5


def _outline_area(patch: Image) -> float:
    contours, _ = cv2.findContours(patch, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return float(max(cv2.contourArea(contour) for contour in contours))


def _is_straight(patch: Image) -> bool:
    """True when its long sides are straight; the ends may be round as those of a pill."""
    long = patch[:2].max(axis=0), patch[-2:].max(axis=0)
    ends = patch[:, :2].max(axis=1), patch[:, -2:].max(axis=1)
    return bool(min(s.mean() for s in long) >= 0.5 and min(s.mean() for s in ends) >= 0.3)


def typical_colour(pixels: Image) -> NDArray[np.float64]:
    """Return the median colour of a patch of any shape."""
    return np.asarray(np.median(pixels.reshape(-1, 3), axis=0), np.float64)


def distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Return the largest difference of two colours in one channel, 0 to 255."""
    return float(np.abs(a - b).max())
