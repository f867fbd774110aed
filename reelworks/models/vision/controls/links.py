"""Links: text in the colour of a link, alone or within a sentence, and rows of a navigation bar."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reelworks.domain.video.vision import Control, ControlKind
from reelworks.models.vision.controls.shapes import Image, Rect, distance, typical_colour
from reelworks.models.vision.controls.words import Line, rows_of

Mask = NDArray[np.bool_]
Change = NDArray[np.float32]

LEAST_COLOUR = 0.2
"""Part of the change from the ground to a letter in which its channels differ, for a colour."""
LEAST_COLOUR_ON_DARK = 0.35
"""The same on a dark ground, where white letters of a film are bluish too."""
LEAST_COLOUR_OF_WORD = 0.15
"""The same for one word among coloured ones."""
LEAST_COLOUR_UNDERLINED = 0.4
"""The same for underlined text of any colour but blue."""
LEAST_CONTRAST = 40
"""Difference from the ground, of 255, of what is drawn."""
THICKEST_UNDERLINE = 4
"""Pixels."""
EVEN_GROUND = 0.35
"""Part of a line's area that shows one plain colour; a film behind a title does not."""
SMALLEST_INK = 0.02
"""Part of a line's area that link-coloured ink must cover."""


def find_links(
    image: Image, lines: Sequence[Line], taken: Sequence[Rect]
) -> list[tuple[Rect, Control]]:
    """Return links outside the boxes ``taken``, with their boxes in pixels."""
    found = []
    for line in lines:
        if any(rect.contains_point(*line.rect.middle) for rect in taken):
            continue
        for run, underlined in _coloured_runs(image, line.rect):
            if any(rect.overlap(run) > 0.5 for rect in taken):
                continue
            label = line.part(run.x - 3, run.right + 3)
            if len(label) >= 2 and not (run.x < line.rect.x + run.h and _follows_mark(image, run)):
                confidence = 0.8 if underlined else 0.7
                found.append((run, Control(ControlKind.LINK, label, run.as_box(image), confidence)))
    return found


def _coloured_runs(image: Image, rect: Rect) -> list[tuple[Rect, bool]]:
    patch = rect.grown(1).cut(image)
    if min(patch.shape[:2]) < 6:
        return []
    ground = typical_colour(patch)
    if float(np.ptp(ground)) >= 60:
        return []
    change = patch.astype(np.float32) - ground.astype(np.float32)
    contrast = np.abs(change).max(axis=2)
    strongest = float(np.percentile(contrast, 98))
    if (contrast < max(12, 0.25 * strongest)).mean() < EVEN_GROUND:
        return []
    drawn = np.asarray(contrast >= max(LEAST_CONTRAST, 0.45 * strongest), np.bool_)
    traces = np.asarray(contrast >= max(LEAST_CONTRAST / 2, 0.25 * strongest), np.bool_)
    least = LEAST_COLOUR if ground.mean() >= 128 else LEAST_COLOUR_ON_DARK
    runs = []
    for left, right in _spans(change, drawn, rect.h):
        inked = drawn[:, left:right]
        covered = int((inked.mean(axis=1) >= 0.9).sum())
        # An underline is thin; what is filled from top to bottom is a picture or a button.
        underlined = 1 <= covered <= THICKEST_UNDERLINE
        ink = change[:, left:right][inked].sum(axis=0)
        blue = _part(ink[2] - ink[0], ink) >= least
        vivid = underlined and _part(np.ptp(ink), ink) >= LEAST_COLOUR_UNDERLINED
        if right - left >= rect.h and (blue or vivid) and covered <= THICKEST_UNDERLINE:
            top, bottom = _rows_of_letters(traces[:, left:right])
            where = Rect(rect.x - 1 + left, rect.y - 1 + top, right - left, bottom - top)
            runs.append((where, underlined))
    return runs


def _spans(change: Change, drawn: Mask, height: int) -> list[tuple[int, int]]:
    """Return column ranges of coloured words, gaps narrower than a wide space closed.

    A thin stroke on a blurred recording is a mixture with the ground, whose saturation says
    little; the direction from the ground to it is the stroke's own, however thin it is. It is
    summed over a word: single pixels are coloured by JPEG.
    """
    inked = np.flatnonzero(drawn.any(axis=0))
    if drawn.mean() < SMALLEST_INK or not len(inked):
        return []
    ink = (change * drawn[..., None]).sum(axis=0)
    words = np.split(inked, np.flatnonzero(np.diff(inked) > max(height // 5, 2)) + 1)
    spans: list[tuple[int, int]] = []
    for word in words:
        total = ink[word].sum(axis=0)
        if _part(np.ptp(total), total) < LEAST_COLOUR_OF_WORD:
            continue
        left, right = int(word[0]), int(word[-1]) + 1
        if spans and left - spans[-1][1] < max(height * 0.6, 8):
            left = spans.pop()[0]
        spans.append((left, right))
    return spans


def _part(difference: float, ink: Change) -> float:
    return float(difference / max(np.abs(ink).max(), 1))


def _rows_of_letters(inked: Mask) -> tuple[int, int]:
    """Return the first and the last row of the letters, without what belongs to other lines."""
    weight = inked.sum(axis=1)
    rows = np.flatnonzero(weight >= max(0.12 * weight.max(), 1))
    groups = np.split(rows, np.flatnonzero(np.diff(rows) > 3) + 1)
    letters = max(groups, key=lambda group: int(weight[group].sum()))
    # Few letters reach above and below the others.
    reach = round(0.2 * len(letters))
    top, bottom = int(letters[0]) - reach, int(letters[-1]) + 1 + reach
    top = min(max(top, 1), len(inked) - 2)
    return top, max(min(bottom, len(inked) - 1), top + 1)


def _follows_mark(image: Image, run: Rect) -> bool:
    """True when a sign as high as the letters stands close before them: the entry of a list."""
    before = Rect(run.x - 2 * run.h, run.y, 2 * run.h - 4, run.h).cut(image)
    if not before.size:
        return False
    ground = typical_colour(before)
    drawn = (np.abs(before - ground).max(axis=2) >= LEAST_CONTRAST).any(axis=1)
    return bool(drawn.mean() >= 0.7)


def find_navigation(
    image: Image, lines: Sequence[Line], taken: Sequence[Rect]
) -> list[tuple[Rect, Control]]:
    """Return the entries of a side list or a top bar: text in a panel of its own.

    At least three short lines start at one column in the left third, evenly spaced, or two stand
    in one row at the top, on a ground that differs from the page's middle.
    """
    height, width = image.shape[:2]
    free = [
        line
        for line in lines
        if line.rect.right < 0.3 * width
        and len(line.text) <= 24
        and not any(rect.contains_point(*line.rect.middle) for rect in taken)
    ]
    page = typical_colour(image[height // 2 :, width // 2 :])
    groups = [group for group in _columns(free) if len(group) >= 3]
    groups += [row for row in _top_bars(lines, taken, height) if len(row) >= 2]
    found = []
    for group in groups:
        ground = typical_colour(group[0].rect.grown(3).cut(image))
        if distance(ground, page) >= 5:
            found += [
                (line.rect, Control(ControlKind.LINK, line.text, line.rect.as_box(image), 0.6))
                for line in group
            ]
    return found


def _top_bars(lines: Sequence[Line], taken: Sequence[Rect], height: int) -> list[list[Line]]:
    """Return the rows of short lines at the top, without what is set larger: the page's name."""
    free = [
        line
        for line in lines
        if line.rect.bottom < height / 9
        and len(line.text) <= 20
        and not any(rect.contains_point(*line.rect.middle) for rect in taken)
    ]
    rows = []
    for row in rows_of(free):
        smallest = min(line.rect.h for line in row)
        rows.append([line for line in row if line.rect.h <= smallest + 4])
    return rows


def _columns(lines: Sequence[Line]) -> list[list[Line]]:
    """Group lines that start at one column, in even steps of at most three lines' height."""
    groups: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.rect.y):
        for group in groups:
            last = group[-1].rect
            step = line.rect.y - last.y
            even = len(group) < 2 or abs(step - (last.y - group[-2].rect.y)) <= 4
            if abs(last.x - line.rect.x) <= 6 and step <= 3.2 * last.h and even:
                group.append(line)
                break
        else:
            groups.append([line])
    return groups
