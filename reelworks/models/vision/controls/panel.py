"""Panels: a box on the image and the evidence of what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reelworks.models.vision.controls.shapes import (
    EdgeMaps,
    Image,
    Rect,
    distance,
    marks,
    typical_colour,
)
from reelworks.models.vision.controls.words import Line, crossing, ink

WIDEST_BORDER = 8
"""Pixels over which a border spreads at most, on a recording that was enlarged and compressed."""
CORNER = 4
"""Rows at the top and the bottom of a box where its round corners are."""
ROUNDING = 3
"""Columns within a border into which its round corners reach."""
SMALLEST_ARROW, LARGEST_ARROW = 5, 18
"""Sides of the arrow of a drop-down with its soft edge, in pixels."""
TINT = 8
"""Difference between the channels of a light fill, of 255, from which it has a colour."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A box on the image and what is in it."""

    rect: Rect
    lines: tuple[Line, ...]
    text: Rect | None
    """Around the lines of text."""
    gap: int
    """Widest part of the text without letters, in pixels: a hint may stand at the other end."""
    strength: float
    """Sharpest edge of the text, 0 to 255: on a blurred picture, large and bold text has more."""
    content: Rect | None
    """Around all that is plainly drawn inside, text or not."""
    arrow: bool
    """A small triangle or chevron stands free at its right end."""
    bordered: bool
    light: bool
    """Its fill is nearly white."""
    tinted: bool
    """Its fill is light and has a colour, as that of a notice or of a chosen entry."""
    grip: bool
    """Something small is drawn in the bottom right corner only, as on a text area."""


def inspect_panel(edges: EdgeMaps, lines: Sequence[Line], rect: Rect) -> Panel:
    """Gather the evidence on one box."""
    fill = typical_colour(rect.grown(-4).cut(edges.image))
    texts = tuple(crossing(lines, rect))
    inside = _narrowed(_inside(edges.plain, rect), ROUNDING)
    parts = [_common(line.rect, inside) for line in texts]
    text = _around([drawn for part in parts if part and (drawn := ink(edges.plain, part))])
    drawn = ink(edges.plain, _narrowed(inside, ROUNDING))
    light = bool(fill.min() >= 225)
    return Panel(
        rect=rect,
        lines=texts,
        text=text,
        gap=_widest_gap(edges.plain, text) if text else 0,
        strength=edges.strength(text) if text else 0.0,
        content=_around([part for part in (text, drawn) if part]),
        arrow=_has_arrow(edges.plain, inside, texts),
        bordered=_border_contrast(edges.image, rect, fill) >= 8,
        light=light,
        tinted=light and float(np.ptp(fill)) >= TINT,
        grip=_has_grip(edges.fine, rect),
    )


def _inside(edges: Image, rect: Rect) -> Rect:
    """Return the part of a box within its borders, each as wide as its edge is seen."""
    patch = rect.cut(edges)
    if min(patch.shape) <= 2 * WIDEST_BORDER:
        return rect.grown(-CORNER)
    rows = patch.mean(axis=1) >= 0.5
    top, bottom = max(_run(rows), CORNER), max(_run(rows[::-1]), CORNER)
    columns = patch[top : len(rows) - bottom].mean(axis=0) >= 0.5
    left, right = _run(columns), _run(columns[::-1])
    return Rect(rect.x + left, rect.y + top, rect.w - left - right, rect.h - top - bottom)


def _run(border: NDArray[np.bool_]) -> int:
    """Return how many pixels from a side belong to its border, 2 to ``WIDEST_BORDER``."""
    seen = np.flatnonzero(border[:WIDEST_BORDER])
    return max(int(seen[-1]) + 1 if len(seen) else 0, 2)


def _narrowed(rect: Rect, by: int) -> Rect:
    return Rect(rect.x + by, rect.y, max(rect.w - 2 * by, 0), rect.h)


def _common(a: Rect, b: Rect) -> Rect | None:
    x, y = max(a.x, b.x), max(a.y, b.y)
    right, bottom = min(a.right, b.right), min(a.bottom, b.bottom)
    return Rect(x, y, right - x, bottom - y) if right > x and bottom > y else None


def _around(rects: Sequence[Rect]) -> Rect | None:
    if not rects:
        return None
    x, y = min(rect.x for rect in rects), min(rect.y for rect in rects)
    right, bottom = max(rect.right for rect in rects), max(rect.bottom for rect in rects)
    return Rect(x, y, right - x, bottom - y)


def _widest_gap(edges: Image, text: Rect) -> int:
    columns = np.flatnonzero(text.cut(edges).any(axis=0))
    return int(np.diff(columns).max()) - 1 if len(columns) > 1 else 0


def _border_contrast(image: Image, rect: Rect, fill: NDArray[np.float64]) -> float:
    """Return how far the upper border differs from both its sides, 0 to 255."""
    left, right = rect.x + rect.w // 3, rect.x + 2 * (rect.w // 3)
    rim = image[max(rect.y, 0) : rect.y + 4, left:right]
    outside = typical_colour(image[max(rect.y - 3, 0) : max(rect.y - 1, 1), left:right])
    colours = [typical_colour(row) for row in rim]
    return max(min(distance(colour, fill), distance(colour, outside)) for colour in colours)


def _has_arrow(edges: Image, inside: Rect, texts: Sequence[Line]) -> bool:
    width = min(max(inside.h + 2 * CORNER, 32), 40, inside.w // 2)
    if width < SMALLEST_ARROW:
        return False
    end = Rect(inside.right + ROUNDING - width, inside.y - 2, width, inside.h + 4)
    for mark in marks(np.ascontiguousarray(end.cut(edges)), SMALLEST_ARROW, LARGEST_ARROW):
        # A round end of the border runs out of this window above or below; an arrow does not.
        free = mark.x > 0 and mark.y > 0 and mark.bottom < end.h
        at = Rect(end.x + mark.x, end.y + mark.y, mark.w, mark.h)
        in_text = any(text.rect.right - 4 > at.middle[0] for text in texts)
        low = abs(at.middle[1] - end.middle[1]) <= 5
        if free and low and not in_text and at.w >= at.h * 0.9:
            return True
    return False


def _has_grip(edges: Image, rect: Rect) -> bool:
    """True when the right lower corner has a mark that the left one, as round as it, has not."""
    top = rect.bottom - 16
    right, left = Rect(rect.right - 16, top, 11, 11), Rect(rect.x + 5, top, 11, 11)
    beside = Rect(rect.right - 34, top, 14, 11)
    return ink(edges, right) is not None and ink(edges, left) is None and ink(edges, beside) is None
