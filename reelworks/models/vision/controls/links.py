"""Links: text in the colour of a link, alone or within a sentence, and rows of a navigation bar."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from reelworks.domain.video.vision import Control, ControlKind
from reelworks.models.vision.controls.shapes import Image, Rect, distance, typical_colour
from reelworks.models.vision.controls.words import Line, rows_of

Mask = NDArray[np.bool_]

LINK_HUES = (95, 135)
"""Cyan-blue to violet-blue in OpenCV's half degrees."""
LEAST_SATURATION = 90
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
            if len(label) >= 2:
                confidence = 0.8 if underlined else 0.7
                found.append((run, Control(ControlKind.LINK, label, run.as_box(image), confidence)))
    return found


def _coloured_runs(image: Image, rect: Rect) -> list[tuple[Rect, bool]]:
    patch = rect.grown(1).cut(image)
    if min(patch.shape[:2]) < 6:
        return []
    ground = typical_colour(patch)
    contrast = np.abs(patch.astype(np.int16) - ground).max(axis=2)
    if (contrast < 12).mean() < EVEN_GROUND:
        return []
    ink = contrast >= 60
    hsv = cv2.cvtColor(patch, cv2.COLOR_RGB2HSV)
    hue, saturation = hsv[..., 0], hsv[..., 1]
    vivid = ink & (saturation >= LEAST_SATURATION)
    blue = vivid & (hue >= LINK_HUES[0]) & (hue <= LINK_HUES[1])
    ground_is_blue = float(ground.max() - ground.min()) >= 60
    if ground_is_blue:
        return []
    runs = []
    for left, right in _spans(blue if blue.sum() > vivid.sum() / 2 else vivid, rect.h):
        part, all_ink = vivid[:, left:right], ink[:, left:right]
        underlined = bool(part.mean(axis=1).max() >= 0.75)
        is_blue = blue[:, left:right].sum() >= 0.6 * max(part.sum(), 1)
        # Edge pixels of dark letters are coloured by JPEG; a link's letters are so throughout.
        whole = part.sum() >= 0.5 * max(all_ink.sum(), 1)
        if right - left >= rect.h and whole and (is_blue or underlined):
            runs.append((Rect(rect.x - 1 + left, rect.y, right - left, rect.h), underlined))
    return runs


def _spans(mask: Mask, height: int) -> list[tuple[int, int]]:
    """Return column ranges of ink, gaps narrower than a wide space closed."""
    columns = np.flatnonzero(mask.any(axis=0))
    if mask.mean() < SMALLEST_INK or not len(columns):
        return []
    breaks = np.flatnonzero(np.diff(columns) > max(height * 0.6, 8))
    starts = np.concatenate([[0], breaks + 1])
    ends = np.concatenate([breaks, [len(columns) - 1]])
    return [(int(columns[a]), int(columns[b]) + 1) for a, b in zip(starts, ends, strict=True)]


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
