"""One still replaces another, or it does not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from reelworks.media.screen_cuts import ScreenCutDetector, changed_blocks
from reelworks.media.video_reader import Luma

RATE = 30
HEIGHT, WIDTH = 176, 320


def slide(seed: int, lines: int = 10) -> Luma:
    """A light page with lines of random letters, each as high as a block or two."""
    page = np.full((HEIGHT, WIDTH), 230, np.uint8)
    letters = np.random.default_rng(seed)
    for line in range(lines):
        ink = letters.integers(0, 2, (2, WIDTH // 4), np.uint8).repeat(5, 0).repeat(4, 1)
        page[16 * line + 4 : 16 * line + 14] -= 190 * ink
    return page


def cuts(show: Callable[[float], Luma], seconds: float) -> list[float]:
    detector = ScreenCutDetector()
    times = (number / RATE for number in range(round(seconds * RATE)))
    return [cut for t in times if (cut := detector.feed(t, show(t))) is not None]


def test_a_new_slide_is_a_cut_at_its_first_frame():
    assert cuts(lambda t: slide(1) if t < 2 else slide(2), 4) == [pytest.approx(2.0)]


def test_the_same_slide_has_none():
    assert cuts(lambda _: slide(1), 4) == []


def test_a_slide_that_builds_up_stays_one_scene():
    assert cuts(lambda t: slide(1, lines=2 + 2 * int(t)), 4) == []


def test_noise_and_a_pointer_are_no_cut():
    noise = np.random.default_rng(0)

    def show(t: float) -> Luma:
        page = slide(1).astype(int) + noise.integers(-3, 4, (HEIGHT, WIDTH))
        page[80:88, int(20 * t) : int(20 * t) + 8] = 0
        return page.clip(0, 255).astype(np.uint8)

    assert cuts(show, 4) == []


def test_a_soft_change_between_two_stills_is_one_cut():
    def show(t: float) -> Luma:
        share = min(1.0, max(0.0, (t - 2) / 0.5))
        return ((1 - share) * slide(1) + share * slide(2)).astype(np.uint8)

    (cut,) = cuts(show, 5)
    assert 2.0 <= cut <= 2.6


def test_a_long_scroll_between_two_stills_is_no_cut():
    tall = np.vstack([slide(number) for number in range(8)])

    def show(t: float) -> Luma:
        top = int(min(1.0, max(0.0, (t - 2) / 4)) * (len(tall) - HEIGHT))
        return tall[top : top + HEIGHT]

    assert cuts(show, 8) == []


def test_only_the_changed_blocks_are_named():
    before = slide(1)
    after = before.copy()
    after[8:16, 16:24] = 255 - after[8:16, 16:24]

    changed = changed_blocks(before, after)

    assert changed.shape == (HEIGHT // 8, WIDTH // 8)
    assert list(zip(*np.nonzero(changed), strict=True)) == [(1, 2)]
