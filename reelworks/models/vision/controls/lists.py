"""Entries of open lists: even rows of text under a box, between the same two borders."""

from __future__ import annotations

from collections.abc import Sequence

from reelworks.domain.video.vision import Control, ControlKind
from reelworks.models.vision.controls.shapes import EdgeMaps, Image, Rect
from reelworks.models.vision.controls.words import Line

FEWEST = 2
"""Rows from which text under a box is a list."""
SEEN_SIDE = 0.8
"""Part of a list's height along which each of its side borders must be seen."""
NARROWEST = 100
TALLEST = 64
"""Of the box that a list hangs from, in pixels of an image of 720 rows."""


def find_entries(
    edges: EdgeMaps, lines: Sequence[Line], boxes: Sequence[Rect]
) -> list[tuple[Rect, Control]]:
    """Return the entries of the lists that hang from ``boxes``: controls of kind ``other``.

    Entries start at one column and follow each other in even steps of about the box's height;
    the left and the right border of the box continue beside them.
    """
    found: list[tuple[Rect, Control]] = []
    used: list[Line] = []
    for box in sorted(boxes, key=lambda box: box.y):
        if box.w < NARROWEST or box.h > TALLEST:
            continue
        rows = _rows_under(box, lines)
        if len(rows) < FEWEST or any(line in used for line in rows):
            continue
        rects = _row_rects(box, rows)
        if _has_sides(edges.fine, box, rects):
            used += rows
            found += [
                (rect, Control(ControlKind.OTHER, line.text, rect.as_box(edges.image), 0.75))
                for line, rect in zip(rows, rects, strict=True)
            ]
    return found


def _rows_under(box: Rect, lines: Sequence[Line]) -> list[Line]:
    """Return the lines that follow a box in even steps at one column, a little indented."""
    rows: list[Line] = []
    for line in sorted(lines, key=lambda line: line.read.middle[1]):
        y = line.read.middle[1]
        if y < box.bottom or not box.x <= line.read.x <= box.x + 1.5 * box.h:
            continue
        if line.read.right > box.right + 4:
            break
        last = rows[-1].read.middle[1] if rows else box.middle[1]
        uneven = abs(y - last - box.h) > max(0.3 * box.h, 4)
        if uneven or (rows and abs(line.read.x - rows[0].read.x) > 6):
            break
        rows.append(line)
    return rows


def _row_rects(box: Rect, rows: Sequence[Line]) -> list[Rect]:
    middles = [line.read.middle[1] for line in rows]
    half = (middles[-1] - middles[0]) / (len(rows) - 1) / 2
    return [Rect(box.x, round(y - half), box.w, round(2 * half)) for y in middles]


def _has_sides(edges: Image, box: Rect, rects: Sequence[Rect]) -> bool:
    top, bottom = rects[0].y, rects[-1].bottom
    strips = (
        edges[top:bottom, max(box.x - 3, 0) : box.x + 4],
        edges[top:bottom, max(box.right - 4, 0) : box.right + 3],
    )
    return all(strip.size > 0 and float(strip.any(axis=1).mean()) >= SEEN_SIDE for strip in strips)
