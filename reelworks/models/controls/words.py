"""Lines of text in pixels, and what part of a line belongs to a box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reelworks.domain.vision import ScreenText
from reelworks.models.controls.shapes import Image, Rect, rect_of


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text and where it stands."""

    text: str
    rect: Rect

    def part(self, left: int, right: int) -> str:
        """Return the words whose middle lies between two columns.

        Letters are taken as equally wide, which finds the right word but not the right letter.
        """
        if left <= self.rect.x and right >= self.rect.right:
            return self.text
        step = self.rect.w / max(len(self.text), 1)
        kept, at = [], 0
        for word in self.text.split(" "):
            middle = self.rect.x + (at + len(word) / 2) * step
            if left <= middle < right:
                kept.append(word)
            at += len(word) + 1
        return " ".join(kept)


def lines_of(text: Sequence[ScreenText], image: Image) -> list[Line]:
    """Return lines of screen text in pixels of ``image``."""
    return [Line(line.text, rect_of(line.box, image)) for line in text]


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
            found.append(Line(words, Rect(left, line.rect.y, right - left, line.rect.h)))
    return found
