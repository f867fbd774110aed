"""Links: text in the colour of a link, alone or within a sentence, and rows of a navigation bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reelworks.domain.video.vision import Control, ControlKind
from reelworks.models.vision.controls.shapes import Image, Rect, distance, typical_colour
from reelworks.models.vision.controls.words import Line, rows_of

Mask = NDArray[np.bool_]

LEAST_COLOUR = 0.22
"""Part of the change from the ground to a letter in which its channels differ, for a colour."""
LEAST_CONTRAST = 40
"""Difference from the ground, of 255, of what is drawn."""
THICKEST_UNDERLINE = 4
"""Pixels."""
EVEN_GROUND = 0.25
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
    ink = _Ink.on(patch, ground)
    if ink.even_ground < EVEN_GROUND:
        return []
    runs = []
    mask = ink.blue if ink.blue.sum() > ink.vivid.sum() / 2 else ink.vivid
    for left, right in _spans(mask, ink.drawn, rect.h):
        part, drawn = ink.vivid[:, left:right], ink.drawn[:, left:right]
        covered = part.mean(axis=1) >= 0.75
        # An underline is thin; what is filled from top to bottom is a picture or a button.
        underlined = bool(1 <= covered.sum() <= THICKEST_UNDERLINE)
        is_blue = ink.blue[:, left:right].sum() >= 0.6 * max(part.sum(), 1)
        # Edge pixels of dark letters are coloured by JPEG; a link's letters are so throughout.
        whole = part.sum() >= 0.5 * max(drawn.sum(), 1)
        if right - left >= rect.h and whole and (is_blue or underlined):
            runs.append((Rect(rect.x - 1 + left, rect.y, right - left, rect.h), underlined))
    return runs


@dataclass(frozen=True, slots=True)
class _Ink:
    """What is drawn on a plain ground, by the colour that was mixed into the ground's.

    A thin stroke on a blurred recording is a mixture, whose saturation says little; the direction
    from the ground to it is the stroke's own however thin it is.
    """

    drawn: Mask
    vivid: Mask
    blue: Mask
    even_ground: float

    @staticmethod
    def on(patch: Image, ground: NDArray[np.float64]) -> _Ink:
        change = patch.astype(np.float32) - ground.astype(np.float32)
        contrast = np.abs(change).max(axis=2)
        strongest = float(np.percentile(contrast, 98))
        drawn = contrast >= max(LEAST_CONTRAST, 0.45 * strongest)
        colour = np.ptp(change, axis=2) / np.maximum(contrast, 1)
        blueness = (change[..., 2] - change[..., 0]) / np.maximum(contrast, 1)
        return _Ink(
            drawn=np.asarray(drawn, np.bool_),
            vivid=np.asarray(drawn & (colour >= LEAST_COLOUR), np.bool_),
            blue=np.asarray(drawn & (blueness >= LEAST_COLOUR), np.bool_),
            even_ground=float((contrast < max(12, 0.25 * strongest)).mean()),
        )


def _spans(mask: Mask, drawn: Mask, height: int) -> list[tuple[int, int]]:
    """Return column ranges in which most of what is drawn belongs to ``mask``.

    Gaps narrower than a wide space are closed.
    """
    window = np.ones(max(height // 2, 5))
    near, all_near = (np.convolve(m.sum(axis=0), window, "same") for m in (mask, drawn))
    columns = np.flatnonzero(mask.any(axis=0) & (near >= 0.5 * all_near))
    if mask.mean() < SMALLEST_INK or not len(columns):
        return []
    breaks = np.flatnonzero(np.diff(columns) > max(height * 0.6, 8))
    starts = np.concatenate([[0], breaks + 1])
    ends = np.concatenate([breaks, [len(columns) - 1]])
    return [(int(columns[a]), int(columns[b]) + 1) for a, b in zip(starts, ends, strict=True)]


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
