"""Boxed controls: buttons, fields and drop-downs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reelworks.domain.video.vision import Control, ControlKind
from reelworks.models.vision.controls.shapes import (
    Image,
    Rect,
    distance,
    marks,
    panels,
    typical_colour,
)
from reelworks.models.vision.controls.words import Line, crossing, ink

SMALLEST = Rect(0, 0, 18, 14)
LARGEST = Rect(0, 0, 900, 220)
"""Insides of boxed controls on an image of 720 rows, in pixels."""
TALLEST_ONE_LINE = 64


@dataclass(frozen=True, slots=True)
class Panel:
    """A box on the image and what is in it."""

    rect: Rect
    lines: tuple[Line, ...]
    content: Rect | None
    """Around everything drawn inside, text or not."""
    arrow: bool
    """A small downward mark stands at its right end."""
    bordered: bool
    light: bool
    """Its fill is nearly white."""
    grip: bool
    """Something small is drawn in the bottom right corner, as on a text area."""


def find_boxed(image: Image, edges: Image, lines: Sequence[Line]) -> list[tuple[Rect, Control]]:
    """Return buttons, fields and drop-downs with their boxes in pixels."""
    rects = _innermost(panels(image, SMALLEST, LARGEST))
    rects = [rect for rect in rects if not _in_grid(rect, rects)]
    found = []
    for rect in rects:
        panel = _inspect_panel(image, edges, lines, rect)
        named = _classify(panel)
        if named:
            kind, confidence = named
            label = " ".join(line.text for line in panel.lines)
            if not label and kind is not ControlKind.BUTTON:
                label = label_beside(rect, lines)
            found.append((rect, Control(kind, label, rect.as_box(image), confidence)))
    return found


def label_beside(rect: Rect, lines: Sequence[Line]) -> str:
    """Return the text close to a box's left, else above its left edge, else farther left."""
    left = [
        line
        for line in lines
        if rect.y <= line.rect.middle[1] < rect.bottom and 0 <= rect.x - line.rect.right <= 160
    ]
    near = [line for line in left if rect.x - line.rect.right <= 24]
    above = [
        line
        for line in lines
        if -6 <= rect.y - line.rect.bottom <= 20 and abs(line.rect.x - rect.x) <= 24
    ]
    if above and not near:
        return max(above, key=lambda line: line.rect.y).text
    return max(left, key=lambda line: line.rect.right).text if left else ""


def _innermost(rects: list[Rect]) -> list[Rect]:
    """Drop boxes that contain a box of a control's size: they are cards and panels."""
    return [
        rect
        for rect in rects
        if not any(
            other is not rect and rect.contains(other) and other.w * other.h < 0.8 * rect.w * rect.h
            for other in rects
        )
    ]


def _in_grid(rect: Rect, rects: Sequence[Rect]) -> bool:
    """True when boxes touch it both sideways and up or down, as the cells of a table do."""
    touching = [other for other in rects if other is not rect and rect.grown(1).overlap(other) > 0]
    sideways = any(abs(other.y - rect.y) <= 2 and other.h == rect.h for other in touching)
    upright = any(abs(other.x - rect.x) <= 2 and abs(other.w - rect.w) <= 2 for other in touching)
    return sideways and upright


def _inspect_panel(image: Image, edges: Image, lines: Sequence[Line], rect: Rect) -> Panel:
    inside = rect.grown(-4)
    fill = typical_colour(inside.cut(image))
    middle_x = rect.x + rect.w // 3
    rim = image[max(rect.y, 0) : rect.y + 4, middle_x : middle_x + rect.w // 3]
    outside = typical_colour(
        image[max(rect.y - 3, 0) : max(rect.y - 1, 1), middle_x : middle_x + rect.w // 3]
    )
    between = min(
        max(
            min(distance(typical_colour(row), fill), distance(typical_colour(row), outside))
            for row in rim
        ),
        255.0,
    )
    texts = tuple(crossing(lines, rect))
    end = Rect(rect.right - min(rect.h, 40), rect.y + 4, min(rect.h, 40) - 4, rect.h - 8)
    corner = Rect(rect.right - 16, rect.bottom - 16, 11, 11)
    beside = Rect(rect.right - 34, rect.bottom - 16, 14, 11)
    return Panel(
        rect=rect,
        lines=texts,
        content=ink(edges, inside),
        arrow=_has_arrow(edges, end, texts),
        bordered=between >= 8,
        light=bool(fill.min() >= 225),
        grip=ink(edges, corner) is not None and ink(edges, beside) is None,
    )


def _has_arrow(edges: Image, end: Rect, texts: Sequence[Line]) -> bool:
    for mark in marks(np.ascontiguousarray(end.cut(edges)), 5, 18):
        at = Rect(end.x + mark.x, end.y + mark.y, mark.w, mark.h)
        in_text = any(text.rect.right - 4 > at.middle[0] for text in texts)
        low = abs(at.middle[1] - end.middle[1]) <= 5
        if low and not in_text and at.w >= at.h * 0.9:
            return True
    return False


def _classify(panel: Panel) -> tuple[ControlKind, float] | None:
    rect = panel.rect
    if rect.h > TALLEST_ONE_LINE:
        return _text_area(panel)
    if rect.w < rect.h * 0.8 or _stacked(panel.lines):
        return None
    if panel.arrow and rect.w >= 1.3 * rect.h:
        return ControlKind.MENU, 0.85
    return _by_content(panel) if panel.content else _empty_field(panel)


def _by_content(panel: Panel) -> tuple[ControlKind, float] | None:
    """Distinguish a button, whose word is centred, from a field, whose text starts at its left."""
    rect, content = panel.rect, panel.content or panel.rect
    left, right = content.x - rect.x, rect.right - content.right
    if panel.lines and abs(left - right) <= max(7, 0.06 * rect.w) and left >= 3:
        return ControlKind.BUTTON, 0.9
    at_left = rect.w >= 2.5 * rect.h and left <= max(28, rect.h) and right > left
    if at_left and (panel.bordered or panel.light):
        return ControlKind.FIELD, 0.8 if panel.lines else 0.7
    return None


def _text_area(panel: Panel) -> tuple[ControlKind, float] | None:
    heights = [line.rect.h for line in panel.lines]
    one_font = not heights or max(heights) <= 1.4 * min(heights)
    if panel.bordered and panel.rect.w >= 100 and panel.grip and one_font:
        return ControlKind.FIELD, 0.75
    return None


def _empty_field(panel: Panel) -> tuple[ControlKind, float] | None:
    rect = panel.rect
    if rect.w >= 2.5 * rect.h and rect.h >= 18 and (panel.bordered or panel.light):
        return ControlKind.FIELD, 0.6
    return None


def _stacked(lines: Sequence[Line]) -> bool:
    if not lines:
        return False
    middles = [line.rect.middle[1] for line in lines]
    return max(middles) - min(middles) > min(line.rect.h for line in lines) / 2


def without_overlaps(found: Sequence[tuple[Rect, Control]]) -> list[tuple[Rect, Control]]:
    """Drop the less confident of any two controls that overlap."""
    chosen: list[tuple[Rect, Control]] = []
    for rect, control in sorted(found, key=lambda pair: -(pair[1].confidence or 0)):
        if all(rect.overlap(other) < 0.6 for other, _ in chosen):
            chosen.append((rect, control))
    return chosen
