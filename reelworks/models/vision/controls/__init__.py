"""Detection of user-interface controls on an image, from its edges and its text.

Classical image analysis, no weights: flat patches shut in by straight edges are boxes; what
is in a box (a centred word, text at its left, a small arrow at its right) distinguishes a button
from a field and a drop-down. ``bench/quality/controls.py`` measures it in a real browser.
"""

from __future__ import annotations

from collections.abc import Sequence

from reelworks.domain.video.vision import Control, ScreenText
from reelworks.models.vision.controls.boxed import find_boxed, without_overlaps
from reelworks.models.vision.controls.links import find_links, find_navigation
from reelworks.models.vision.controls.shapes import Image, edge_map
from reelworks.models.vision.controls.tabs import find_menu_bar, find_tabs
from reelworks.models.vision.controls.toggles import find_toggles
from reelworks.models.vision.controls.words import lines_of

VERSION = 1
"""Raise when a change in this package can change what is found."""

__all__ = ["VERSION", "find_controls"]


def find_controls(image: Image, text: Sequence[ScreenText]) -> tuple[Control, ...]:
    """Return the controls on an HxWx3 uint8 RGB image, top to bottom, then left to right.

    ``text`` is what was read on it. An image without text has no controls: an interface has
    words, and a film must give no controls.
    """
    if not text:
        return ()
    edges = edge_map(image)
    lines = lines_of(text, image)
    found = find_boxed(image, edges, lines) + find_toggles(image, lines)
    found = found + find_tabs(image, lines) + find_menu_bar(image, lines)
    taken = [rect for rect, _ in found]
    found += find_links(image, lines, taken)
    taken = [rect for rect, _ in found]
    found += find_navigation(image, lines, taken)
    controls = [control for _, control in without_overlaps(found)]
    return tuple(sorted(controls, key=lambda c: (round(c.box.y, 2), c.box.x)))
