"""Tabs and menu bars: rows of words that are controls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reelworks.domain.video.vision import Control, ControlKind
from reelworks.models.vision.controls.shapes import Image, Rect, typical_colour
from reelworks.models.vision.controls.words import Line, rows_of

MENU_WORDS = frozenset(
    {"file", "edit", "view", "insert", "format", "tools", "help", "window", "table", "go", "run"}
    | {"selection", "terminal", "history", "bookmarks", "data", "extensions", "layer", "image"}
    | {"select", "filter", "navigate", "code", "refactor", "build"}
)
"""Words of menu bars in common desktop programs, in English."""


LONGEST_NAME = 30
"""Letters in the name of a tab at most: what is longer is a sentence."""


def find_tabs(image: Image, lines: Sequence[Line]) -> list[tuple[Rect, Control]]:
    """Return the tabs of each row in which one word has a coloured bar beneath it."""
    found = []
    for row in rows_of(lines):
        bars = [(line, bar) for line in row if (bar := _bar_under(image, line.rect))]
        if len(bars) != 1 or len(row) < 3 or max(len(line.text) for line in row) > LONGEST_NAME:
            continue
        chosen, bar = bars[0]
        pad = max((bar.w - chosen.rect.w) // 2, 0)
        bottom = bar.bottom
        top = round(2 * chosen.rect.middle[1] - bottom)
        for line in row:
            rect = Rect(line.rect.x - pad, top, line.rect.w + 2 * pad, bottom - top)
            found.append((rect, Control(ControlKind.TAB, line.text, rect.as_box(image), 0.75)))
    return found


def find_menu_bar(image: Image, lines: Sequence[Line]) -> list[tuple[Rect, Control]]:
    """Return the words of a menu bar: three or more of the usual ones in one row near the top."""
    found = []
    for row in rows_of([part for line in lines for part in _single_words(line)]):
        known = [line for line in row if line.text.lower() in MENU_WORDS]
        if len(known) >= 3 and known[0].rect.bottom < image.shape[0] * 0.25:
            for line in known:
                rect = Rect(line.rect.x - 8, line.rect.y - 3, line.rect.w + 16, line.rect.h + 6)
                found.append((rect, Control(ControlKind.MENU, line.text, rect.as_box(image), 0.7)))
    return found


def _single_words(line: Line) -> list[Line]:
    """Split a line whose words are all of a menu bar; leave any other whole."""
    words = line.text.split()
    if len(words) < 2 or any(word.lower() not in MENU_WORDS for word in words):
        return [line]
    step = line.rect.w / len(line.text)
    parts, at = [], 0
    for word in words:
        at = line.text.index(word, at)
        left, width = round(line.rect.x + at * step), round(len(word) * step)
        parts.append(Line(word, Rect(left, line.rect.y, width, line.rect.h), line.read))
        at += len(word)
    return parts


def _bar_under(image: Image, word: Rect) -> Rect | None:
    """Return the vivid horizontal bar, 2 to 5 pixels thick, centred within 24 pixels below."""
    x, _ = word.middle
    reach = max(word.w, 60)
    left, right = max(int(x - reach), 0), min(int(x + reach), image.shape[1])
    below = image[word.bottom + 3 : word.bottom + 27, left:right].astype(np.float64)
    if below.shape[0] < 8:
        return None
    ground = typical_colour(below[:2].astype(np.uint8))
    middle = int(x) - left
    rows = np.flatnonzero(_is_vivid(below[:, middle], ground))
    if not 2 <= len(rows) <= 5 or rows[-1] - rows[0] != len(rows) - 1:
        return None
    columns = np.flatnonzero(_is_vivid(below[rows[len(rows) // 2]], ground))
    width = int(columns[-1] - columns[0]) + 1
    bar = Rect(left + int(columns[0]), word.bottom + 3 + int(rows[0]), width, len(rows))
    solid = len(columns) == width and word.w * 0.8 <= width < 2 * reach
    return bar if solid and abs(bar.middle[0] - x) <= 6 else None


def _is_vivid(pixels: NDArray[np.float64], ground: NDArray[np.float64]) -> NDArray[np.bool_]:
    stands_out = np.abs(pixels - ground).max(axis=-1) >= 50
    return np.asarray(stands_out & (np.ptp(pixels, axis=-1) >= 60), np.bool_)
