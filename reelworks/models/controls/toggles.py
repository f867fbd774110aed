"""Check boxes and radio buttons: small squares and circles that stand free."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reelworks.domain.vision import Control, ControlKind
from reelworks.models.controls.shapes import Image, Rect, marks, typical_colour
from reelworks.models.controls.words import Line

SMALLEST, LARGEST = 13, 26
"""Sides of the mark with its soft edge, in pixels of a picture of 720 rows."""
CONTRAST = 22
"""Difference from the ground, of 255, that counts as drawn."""


def find_toggles(image: Image, edges: Image, lines: Sequence[Line]) -> list[tuple[Rect, Control]]:
    """Return check boxes and radio buttons with their boxes in pixels."""
    squares, circles = [], []
    for mark in marks(edges, SMALLEST, LARGEST):
        if abs(mark.w - mark.h) > 2 or _amid_text(mark, lines):
            continue
        rect = mark.grown(-1)
        shape = _shape(image, rect)
        label = _label_right(rect, lines)
        if shape is ControlKind.CHECKBOX:
            squares.append((rect, label))
        elif shape is ControlKind.RADIO and label:
            circles.append((rect, label))
    columns = [rect.x for rect, _ in squares]
    found = []
    for rect, label in squares:
        in_column = sum(abs(x - rect.x) <= 2 for x in columns) >= 2
        if label or in_column:
            kind = ControlKind.CHECKBOX
            found.append((rect, Control(kind, label, rect.as_box(image), 0.85 if label else 0.7)))
    for rect, label in circles:
        found.append((rect, Control(ControlKind.RADIO, label, rect.as_box(image), 0.8)))
    return found


def _shape(image: Image, rect: Rect) -> ControlKind | None:
    """Tell a square from a circle by what its outline and its corners cover; else None."""
    around = rect.grown(3)
    patch = around.cut(image)
    if patch.shape[:2] != (around.h, around.w):
        return None
    rim = np.concatenate([patch[0], patch[-1], patch[:, 0], patch[:, -1]])
    ground = typical_colour(rim)
    drawn = np.abs(patch.astype(np.int16) - ground).max(axis=2) >= CONTRAST
    if drawn[0].any() or drawn[-1].any() or drawn[:, 0].any() or drawn[:, -1].any():
        return None
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    if len(rows) < 10 or len(columns) < 10 or abs(len(rows) - len(columns)) > 2:
        return None
    body = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if min(_longest_side(body)) >= 0.6:
        return ControlKind.CHECKBOX
    return ControlKind.RADIO if _is_ring(body) else None


def _longest_side(body: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> list[float]:
    sides = (
        body[:2].any(axis=0),
        body[-2:].any(axis=0),
        body[:, :2].any(axis=1),
        body[:, -2:].any(axis=1),
    )
    corner = max(len(body) // 6, 1)
    return [float(side.mean()) if side[corner:-corner].all() else 0.0 for side in sides]


def _is_ring(body: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> bool:
    height, width = body.shape
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    hit = np.zeros(len(angles), bool)
    for inset in (0.5, 1.0, 1.5):
        ys = height / 2 + (height / 2 - inset) * np.sin(angles)
        xs = width / 2 + (width / 2 - inset) * np.cos(angles)
        hit |= body[ys.astype(int).clip(0, height - 1), xs.astype(int).clip(0, width - 1)]
    corners = body[0, 0] or body[0, -1] or body[-1, 0] or body[-1, -1]
    return bool(hit.mean() >= 0.95 and not corners)


def _amid_text(mark: Rect, lines: Sequence[Line]) -> bool:
    """True when it is a letter: text of its own line stands before it."""
    x, y = mark.middle
    return any(
        line.rect.y <= y < line.rect.bottom and line.rect.x + mark.w < x < line.rect.right
        and mark.h <= line.rect.h * 0.6
        for line in lines
    )


def _label_right(rect: Rect, lines: Sequence[Line]) -> str:
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
    if nearest.rect.x >= rect.middle[0]:
        return nearest.text
    return nearest.part(rect.right, nearest.rect.right).lstrip("■□☐☑✓○●◉ ")
