"""Check boxes and radio buttons: small squares and circles with free space around them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reelworks.domain.video.vision import Control, ControlKind
from reelworks.models.vision.controls.shapes import Image, Rect, edge_map, marks, typical_colour
from reelworks.models.vision.controls.words import Line

SMALLEST, LARGEST = 14, 26
"""Sides of the mark with its soft edge, in pixels of an image of 720 rows."""
EDGE = 40
"""Difference from a neighbour, of 255, at a toggle's outline."""
CONTRAST = 45
"""Difference from the ground, of 255, that counts as drawn."""
FAINT = 25
"""The same for the thin line of a circle, which the screen's grid softens."""
Drawn = NDArray[np.bool_]


def find_toggles(image: Image, lines: Sequence[Line]) -> list[tuple[Rect, Control]]:
    """Return check boxes and radio buttons with their boxes in pixels."""
    shaped = []
    for mark in marks(edge_map(image, step=EDGE), SMALLEST, LARGEST):
        rect = mark.grown(-1)
        if abs(mark.w - mark.h) <= 2 and (kind := _shape(image, rect)):
            shaped.append((rect, kind))
    found = []
    for rect, kind in shaped:
        others = [other for other, _ in shaped if other is not rect]
        label = _label_right(rect, lines, others)
        column = any(abs(o.x - rect.x) <= 2 and abs(o.w - rect.w) <= 2 for o in others)
        box = rect.as_box(image)
        if kind is ControlKind.CHECKBOX and (label or column):
            found.append((rect, Control(kind, label, box, 0.85 if label else 0.7)))
        elif kind is ControlKind.RADIO and label and not _is_letter(rect, lines):
            found.append((rect, Control(kind, label, box, 0.8)))
    return found


def _shape(image: Image, rect: Rect) -> ControlKind | None:
    """Distinguish a square from a circle by its outline; None for neither, or without free space.

    To the right a label may follow closely, so that side need not be free.
    """
    around = rect.grown(2)
    patch = np.asarray(around.cut(image), np.int16)
    if patch.shape[:2] != (around.h, around.w):
        return None
    ground = typical_colour(np.concatenate([patch[0, :-2], patch[-1, :-2], patch[:, 0]]))
    contrast = np.asarray(np.abs(patch - ground).max(axis=2), np.float64)
    rim = contrast[0, :-2].max(), contrast[-1, :-2].max(), contrast[:, 0].max()
    if max(rim) >= CONTRAST:
        return None
    body = contrast[2:-2, 2:-2]
    if _is_square(np.asarray(body >= CONTRAST, np.bool_)):
        return ControlKind.CHECKBOX
    return ControlKind.RADIO if abs(rect.w - rect.h) <= 1 and _is_ring(body) else None


def _is_square(body: Drawn) -> bool:
    ends = (slice(None, 2), slice(-2, None))
    sides = [np.atleast_1d(body[rows].any(axis=0)) for rows in ends]
    sides += [np.atleast_1d(body[:, columns].any(axis=1)) for columns in ends]
    corner = max(len(body) // 6, 1)
    straight = all(bool(side[corner:-corner].all()) for side in sides)
    corners = sum(bool(body[rows, columns].any()) for rows in ends for columns in ends)
    return straight and corners >= 3


def _is_ring(contrast: NDArray[np.float64]) -> bool:
    """True when a closed line runs along the circle and the square's corners are bare."""
    height, width = contrast.shape
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    darkest = np.zeros(len(angles))
    for inset in (0.5, 1.0, 1.5, 2.0):
        ys = (height / 2 + (height / 2 - inset) * np.sin(angles)).astype(int)
        xs = (width / 2 + (width / 2 - inset) * np.cos(angles)).astype(int)
        darkest = np.maximum(darkest, contrast[ys.clip(0, height - 1), xs.clip(0, width - 1)])
    corners = contrast[[0, 0, -1, -1], [0, -1, 0, -1]]
    return bool((darkest >= FAINT).mean() >= 0.95 and corners.max() < CONTRAST)


def _is_letter(rect: Rect, lines: Sequence[Line]) -> bool:
    """True for the O of a word: it fills its line's height, while a toggle is lower."""
    x, y = rect.middle
    return any(
        line.rect.contains_point(x, y) and rect.h >= 0.8 * line.rect.h and line.rect.w > 2 * rect.w
        for line in lines
    )


def _label_right(rect: Rect, lines: Sequence[Line], others: Sequence[Rect]) -> str:
    row = [
        line
        for line in lines
        if line.rect.y <= rect.middle[1] < line.rect.bottom
        and line.rect.right > rect.right + 8
        and line.rect.x - rect.right <= 16
    ]
    if not row:
        return ""
    nearest = max(row, key=lambda line: line.rect.x)
    y = rect.middle[1]
    later = [o.x for o in others if o.x > rect.right and o.y <= y < o.bottom]
    end = min([*later, nearest.rect.right])
    alone = nearest.rect.x >= rect.x - 6 and end == nearest.rect.right
    label = nearest.text if alone else nearest.part(rect.x, end)
    return label.lstrip("■□☐☑✓○●◉ ")
