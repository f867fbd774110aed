"""Check boxes and radio buttons: small squares and circles with free space around them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reelworks.domain.video.vision import Control, ControlKind
from reelworks.models.vision.controls.shapes import EdgeMaps, Image, Rect, marks, typical_colour
from reelworks.models.vision.controls.words import Line, ink

SMALLEST, LARGEST = 14, 26
"""Sides of the mark with its soft edge, in pixels of an image of 720 rows."""
EDGE = 40
"""Difference from a neighbour, of 255, at a toggle's outline."""
CONTRAST = 45
"""Difference from the ground, of 255, that counts as drawn."""
FAINT = 25
"""The same for the thin line of a circle, which the screen's grid softens."""
LETTER_GAP = 2
"""Pixels to the right of a toggle that are free, while letters stand closer."""
RAYS, STEPS = 64, 48
"""Rays from the centre of a mark and samples along each."""
READ_AS_LETTER = re.compile(r"^[O0oQ]\s+|^[■□☐☑✓○●◉\s]+")
"""What a toggle at the beginning of a line is read as."""
Drawn = NDArray[np.bool_]


def find_toggles(edges: EdgeMaps, lines: Sequence[Line]) -> list[tuple[Rect, Control]]:
    """Return check boxes and radio buttons with their boxes in pixels."""
    image = edges.image
    outlines = edges.over(EDGE)
    shaped = []
    for mark in marks(outlines, SMALLEST, LARGEST):
        rect = mark.grown(-1)
        if abs(mark.w - mark.h) <= 2 and (kind := _shape(image, rect)):
            shaped.append((rect, kind))
    radios = [rect for rect, kind in shaped if kind is ControlKind.RADIO]
    found = []
    for rect, kind in shaped:
        others = [other for other, _ in shaped if other is not rect]
        label = _label_right(rect, lines, others)
        column = any(abs(o.x - rect.x) <= 2 and abs(o.w - rect.w) <= 2 for o in others)
        box = rect.as_box(image)
        if kind is ControlKind.CHECKBOX and (label or column):
            found.append((rect, Control(kind, label, box, 0.85 if label else 0.7)))
        elif (
            kind is ControlKind.RADIO
            and label
            and _has_peer(rect, radios)
            and not _is_letter(rect, outlines, lines)
        ):
            found.append((rect, Control(kind, label, box, 0.8)))
    return found


def _has_peer(rect: Rect, radios: Sequence[Rect]) -> bool:
    """True when another circle of its size stands in its row or its column: radios are a choice."""
    return any(
        other is not rect
        and abs(other.w - rect.w) <= 2
        and min(abs(other.x - rect.x), abs(other.y - rect.y)) <= 2
        for other in radios
    )


def _shape(image: Image, rect: Rect) -> ControlKind | None:
    """Distinguish a square from a circle by its outline; None for neither, or without free space.

    To the right a label may follow closely, so that side need not be free.
    """
    around = rect.grown(2)
    patch = np.asarray(around.cut(image), np.int16)
    if patch.shape[:2] != (around.h, around.w):
        return None
    ground = typical_colour(np.concatenate([patch[0, :-2], patch[-1, :-2], patch[:, 0]]))
    contrast = np.asarray(np.abs(patch - ground).max(axis=2), np.float32)
    rim = contrast[0, :-2].max(), contrast[-1, :-2].max(), contrast[:, 0].max()
    if max(rim) >= CONTRAST:
        return None
    outline = _outline(contrast)
    if outline.closed and outline.is_circle:
        return ControlKind.RADIO
    if _is_square(np.asarray(contrast[2:-2, 2:-2] >= CONTRAST, np.bool_)):
        return ControlKind.CHECKBOX
    return ControlKind.CHECKBOX if outline.closed and outline.is_square else None


@dataclass(frozen=True, slots=True)
class _Outline:
    """A mark seen from its centre, along rays all around."""

    closed: bool
    corners: float
    """Distance of the outline on the diagonals, as a part of that on the axes: 1 for a circle,
    1.41 for a square, 1.15 to 1.3 for one with round corners."""
    least_corner: float
    unevenness: float
    """Difference inside from ray to ray, as a part of the outline's contrast; a ring, a dot and an
    empty circle have none, the sign in an icon has."""

    @property
    def is_circle(self) -> bool:
        return self.corners <= 1.08 and self.least_corner >= 0.8 and self.unevenness <= 0.115

    @property
    def is_square(self) -> bool:
        return 1.12 <= self.corners <= 1.26 and self.least_corner >= 1.05 and self.unevenness <= 0.3


def _outline(contrast: NDArray[np.float32]) -> _Outline:
    height, width = contrast.shape
    reach = 0.7 * max(height, width)
    centre = ((width - 1) / 2, (height - 1) / 2)
    flags = cv2.INTER_LINEAR + cv2.WARP_FILL_OUTLIERS
    rays = cv2.warpPolar(contrast, (STEPS, RAYS), centre, reach, flags)
    darkest = rays.max(axis=1)
    level = float(np.median(darkest))
    drawn = rays >= max(0.3 * level, FAINT)
    ends = np.where(drawn.any(axis=1), STEPS - 1 - drawn[:, ::-1].argmax(axis=1), 0)
    smooth = np.median([np.roll(ends, shift) for shift in (-1, 0, 1)], axis=0)
    eighth = RAYS // 8
    axes = max(float(np.median(smooth[:: 2 * eighth])), 1.0)
    corners = smooth[eighth :: 2 * eighth] / axes
    inside = rays[:, : max(int(0.75 * axes), 1)]
    return _Outline(
        closed=bool((darkest >= FAINT).mean() >= 0.95),
        corners=float(np.median(corners)),
        least_corner=float(corners.min()),
        unevenness=float(inside.std(axis=0).mean()) / max(level, 1.0),
    )


def _is_square(body: Drawn) -> bool:
    ends = (slice(None, 2), slice(-2, None))
    sides = [np.atleast_1d(body[rows].any(axis=0)) for rows in ends]
    sides += [np.atleast_1d(body[:, columns].any(axis=1)) for columns in ends]
    corner = max(len(body) // 6, 1)
    straight = all(bool(side[corner:-corner].all()) for side in sides)
    corners = sum(bool(body[rows, columns].any()) for rows in ends for columns in ends)
    return straight and corners >= 3


def _is_letter(rect: Rect, edges: Image, lines: Sequence[Line]) -> bool:
    """True for the O of a word: it fills its line's height and the next letter follows closely."""
    x, y = rect.middle
    follows = ink(edges, Rect(rect.right + 1, rect.y + 2, LETTER_GAP, rect.h - 4)) is not None
    return follows and any(
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
    return READ_AS_LETTER.sub("", label) if nearest.read.x < rect.right else label
