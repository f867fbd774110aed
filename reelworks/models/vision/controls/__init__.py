"""Detection of user-interface controls on an image, from its edges and its text.

Classical image analysis, no weights: flat patches shut in by straight edges are boxes; what
is in a box (a centred word, text at its left, a small arrow at its right) distinguishes a button
from a field and a drop-down. ``bench/quality/controls.py`` measures it in a real browser.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from reelworks.domain.video.vision import Control, ScreenText
from reelworks.models.vision.controls.boxed import (
    LARGEST,
    SMALLEST,
    TALLEST_ONE_LINE,
    find_boxed,
    without_overlaps,
)
from reelworks.models.vision.controls.links import find_links, find_navigation
from reelworks.models.vision.controls.lists import find_entries
from reelworks.models.vision.controls.shapes import EdgeMaps, Image, panels
from reelworks.models.vision.controls.tabs import find_menu_bar, find_tabs
from reelworks.models.vision.controls.toggles import find_toggles
from reelworks.models.vision.controls.words import lines_of

VERSION = 2
"""Raise when a change in this package can change what is found."""

ROWS = 720
"""Of the image that sizes of controls are stated for; a normalized video is no larger."""
LEAST_CONFIDENCE = 0.6
"""Below it, what was found is not claimed."""
MOST_ENLARGED = 2.0

__all__ = ["VERSION", "find_controls"]


def find_controls(image: Image, text: Sequence[ScreenText]) -> tuple[Control, ...]:
    """Return the controls on an HxWx3 uint8 RGB image, top to bottom, then left to right.

    ``text`` is what was read on it. An image without text has no controls: an interface has
    words, and a film must give no controls.
    """
    if not text:
        return ()
    picture = _enlarged(image)
    edges = EdgeMaps(picture)
    lines = lines_of(text, edges)
    rects = panels(edges, SMALLEST, LARGEST)
    toggles = find_toggles(edges, lines)
    found = find_boxed(edges, lines, rects, [rect for rect, _ in toggles])
    entries = find_entries(edges, lines, rects)
    taken = [rect for rect, _ in entries]
    found = [(rect, one) for rect, one in found if all(rect.overlap(t) < 0.6 for t in taken)]
    found += entries + toggles
    found += find_tabs(picture, lines) + find_menu_bar(picture, lines)
    taken = [rect for rect, _ in found]
    found += find_links(picture, lines, taken)
    taken = [rect for rect, _ in found] + [rect for rect in rects if rect.h <= TALLEST_ONE_LINE]
    found += find_navigation(picture, lines, taken)
    sure = [(rect, one) for rect, one in found if (one.confidence or 0) >= LEAST_CONFIDENCE]
    controls = [control for _, control in without_overlaps(sure)]
    return tuple(sorted(controls, key=lambda c: (round(c.box.y, 2), c.box.x)))


def _enlarged(image: Image) -> Image:
    """Return an image of fewer rows than controls are measured on, at up to twice its size."""
    scale = min(ROWS / min(image.shape[:2]), MOST_ENLARGED)
    if scale <= 1:
        return image
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC), np.uint8)
