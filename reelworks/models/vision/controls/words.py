"""Text lines in pixels, and the part of a line that belongs to a box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reelworks.domain.video.vision import ScreenText
from reelworks.models.vision.controls.shapes import EdgeMaps, Image, Rect, rect_of

INK_STEP = 50
"""Difference between neighbour pixels, of 255, at the rim of a letter: over JPEG ringing."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text and where it stands."""

    text: str
    rect: Rect
    """Around what is drawn; the border of a box close to the text belongs to that."""
    read: Rect
    """Where it was read, with some space around; its height tells the size of the letters."""

    def part(self, left: int, right: int) -> str:
        """Return the words whose middle lies between two columns.

        Letters are taken as equally wide, which finds the right word but not the right letter.
        """
        if left <= self.rect.x and right >= self.rect.right:
            return self.text
        step = self.rect.w / max(len(self.text), 1)
        inside, at = [], 0
        for word in self.text.split(" "):
            middle = self.rect.x + (at + len(word) / 2) * step
            if left <= middle < right:
                inside.append(word)
            at += len(word) + 1
        return " ".join(inside)


def lines_of(text: Sequence[ScreenText], edges: EdgeMaps) -> list[Line]:
    """Return lines of screen text in pixels of the image, shrunk to what is drawn."""
    inked = edges.over(INK_STEP)
    rects = [rect_of(line.box, edges.image) for line in text]
    return [
        Line(line.text, drawn.grown(1) if (drawn := ink(inked, rect)) else rect, rect)
        for line, rect in zip(text, rects, strict=True)
    ]


def ink(image_edges: Image, area: Rect) -> Rect | None:
    """Return the box around all edges inside ``area``, or None when it is empty."""
    patch = area.cut(image_edges)
    rows, columns = np.flatnonzero(patch.any(axis=1)), np.flatnonzero(patch.any(axis=0))
    if not len(rows):
        return None
    return Rect(
        area.x + int(columns[0]),
        area.y + int(rows[0]),
        int(columns[-1] - columns[0]) + 1,
        int(rows[-1] - rows[0]) + 1,
    )


def crossing(lines: Sequence[Line], area: Rect) -> list[Line]:
    """Return the lines, cut to their words inside ``area``, that run through it."""
    found = []
    for line in lines:
        if not area.y <= line.rect.middle[1] < area.bottom:
            continue
        left, right = max(area.x, line.rect.x), min(area.right, line.rect.right)
        if right - left < min(line.rect.h, line.rect.w) / 2:
            continue
        words = line.part(area.x, area.right) if right - left < 0.9 * line.rect.w else line.text
        if words:
            part = Rect(left, line.rect.y, right - left, line.rect.h)
            found.append(Line(words, part, line.read))
    return found


def rows_of(lines: Sequence[Line]) -> list[list[Line]]:
    """Group lines of about one height whose middles lie on one row, left to right."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.rect.middle[1]):
        last = rows[-1][-1] if rows else None
        if (
            last
            and abs(last.rect.middle[1] - line.rect.middle[1]) <= 4
            and abs(last.rect.h - line.rect.h) <= 0.4 * last.rect.h
        ):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.rect.x) for row in rows]
