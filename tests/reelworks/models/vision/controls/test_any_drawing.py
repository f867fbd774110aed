"""Whatever is drawn, controls are found without an error and lie within the picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from reelworks.domain.video.vision import Box, ScreenText
from reelworks.models.vision.controls import find_controls

SIZES = [(720, 1280), (360, 640), (1280, 720), (37, 90), (720, 40)]
WORDS = "ab Learn more file edit view O x"


def drawing(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    image = np.full((height, width, 3), rng.integers(0, 256, 3), np.uint8)
    for _ in range(40):
        x, y, w, h = (int(v) for v in rng.integers([-20, -20, 4, 4], [width, height, 300, 80]))
        colour = tuple(int(v) for v in rng.integers(0, 256, 3))
        if rng.random() < 0.6:
            cv2.rectangle(image, (x, y), (x + w, y + h), colour, int(rng.choice([-1, 1, 2])))
        else:
            cv2.circle(image, (x, y), int(rng.integers(3, 14)), colour, 2)
    return image


def words_on(rng: np.random.Generator, height: int, width: int) -> list[ScreenText]:
    lines = []
    for _ in range(25):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        words = WORDS[: rng.integers(1, len(WORDS))]
        box = Box(x / width, y / height, min(8 * len(words), width - x) / width, 18 / height)
        lines.append(ScreenText(words, box, 0.9))
    return lines


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", [1, 2])
def test_controls_lie_within_the_picture(size: tuple[int, int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    for one in find_controls(drawing(rng, *size), words_on(rng, *size)):
        assert one.box.w > 0
        assert one.box.h > 0
        assert one.box.x >= 0
        assert one.box.y >= 0
        assert one.box.x + one.box.w <= 1.0001
        assert one.box.y + one.box.h <= 1.0001
