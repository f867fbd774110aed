"""Boxed controls: buttons, fields and drop-downs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reelworks.domain.video.vision import Control, ControlKind
from reelworks.models.vision.controls.panel import Panel, inspect_panel
from reelworks.models.vision.controls.shapes import EdgeMaps, Rect
from reelworks.models.vision.controls.words import Line

SMALLEST = Rect(0, 0, 18, 14)
LARGEST = Rect(0, 0, 900, 220)
"""Insides of boxed controls on an image of 720 rows, in pixels."""
TALLEST_ONE_LINE = 64
ICON = 24
"""Pixels by which an icon beside it moves a button's word from the middle, at most."""
HEADING = 1.35
"""Times the usual strength of a line from which text in a box is its heading, not its value."""

SENTENCE_WORDS = 4


def find_boxed(
    edges: EdgeMaps, lines: Sequence[Line], rects: Sequence[Rect], toggles: Sequence[Rect]
) -> list[tuple[Rect, Control]]:
    """Return which of ``rects`` are buttons, fields and drop-downs.

    A box around one of ``toggles`` is a card that can be chosen: the toggle is its control.
    """
    innermost = _innermost(rects)
    usual = _usual_strength(edges, lines)
    found = []
    for rect in innermost:
        if _in_grid(rect, innermost) or any(rect.contains_point(*t.middle) for t in toggles):
            continue
        panel = inspect_panel(edges, lines, rect)
        named = _classify(panel, panel.strength >= HEADING * usual)
        if named:
            kind, confidence = named
            label = " ".join(line.text for line in panel.lines)
            if not label and kind is not ControlKind.BUTTON:
                label = label_beside(rect, lines)
            box = rect.as_box(edges.image)
            found.append((rect, Control(kind, label, box, confidence)))
    return found


def _usual_strength(edges: EdgeMaps, lines: Sequence[Line]) -> float:
    return float(np.median([edges.strength(line.rect) for line in lines])) if lines else 0.0


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


def _innermost(rects: Sequence[Rect]) -> list[Rect]:
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


def _classify(panel: Panel, heading: bool) -> tuple[ControlKind, float] | None:
    rect = panel.rect
    if rect.h > TALLEST_ONE_LINE:
        return _text_area(panel)
    if rect.w < rect.h * 0.8 or _stacked(panel.lines):
        return None
    if panel.arrow and rect.w >= 1.3 * rect.h:
        return ControlKind.MENU, 0.85
    return _by_content(panel, heading) if panel.content else _empty_field(panel)


def _by_content(panel: Panel, heading: bool) -> tuple[ControlKind, float] | None:
    """Distinguish a button, whose word is centred, from a field, whose text starts at its left."""
    rect, content = panel.rect, panel.content or panel.rect
    text = panel.text
    near = text is not None and abs(text.middle[0] - rect.middle[0]) <= ICON
    apart = panel.gap > 2 * rect.h
    if text and near and not apart and (_is_centred(rect, text) or _is_centred(rect, content)):
        return ControlKind.BUTTON, 0.9
    left, right = content.x - rect.x, rect.right - content.right
    at_left = rect.w >= 2.5 * rect.h and left <= max(28, rect.h) and (apart or right > left)
    if at_left and (panel.bordered or panel.light):
        return ControlKind.FIELD, _field_confidence(panel, heading)
    return None


def _field_confidence(panel: Panel, heading: bool) -> float:
    """Return how sure a box with text at its left is a field: a card and a notice look alike."""
    confidence = 0.8 if panel.lines else 0.7
    against = ((heading, 0.3), (panel.tinted, 0.3), (_is_sentence(panel.lines), 0.25))
    return confidence - sum(weight for seen, weight in against if seen)


def _is_sentence(lines: Sequence[Line]) -> bool:
    text = " ".join(line.text for line in lines)
    return text.endswith((".", "!", "?")) and len(text.split()) >= SENTENCE_WORDS


def _is_centred(rect: Rect, content: Rect) -> bool:
    left, right = content.x - rect.x, rect.right - content.right
    return abs(left - right) <= max(7, min(0.06 * rect.w, 12)) and left >= 3


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
