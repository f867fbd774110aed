"""Frame selection: candidate frames of a scene, by measurements of its proxy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from reelworks.domain.video.scene import Scene


@dataclass(frozen=True, slots=True)
class FrameParams:
    """How frames are chosen. All fields are JSON values."""

    max_seconds_per_frame: float = 30.0
    """A longer scene is cut into equal parts of at most this length, one frame each."""
    margin_seconds: float = 0.4
    """Left out at both ends of a scene, where fades and dissolves live; at most a fifth of it."""
    blank_contrast: float = 5.0
    """Standard deviation of brightness (0 to 255) up to which a frame is blank."""
    good_sharpness: float = 0.85
    """Share of the best sharpness at which a frame is good enough to win by other merits."""
    still_area: float = 0.015
    """Changed share of the area from one frame to the next up to which it is at rest."""
    still_share: float = 0.7
    """Share of resting frames from which a scene is a slide or a screen, not film."""
    shortlist: int = 3
    """Frames compared at full size."""
    jpeg_quality: int = 90
    duplicate_distance: int = 10
    """Bits of 64 in which the perceptual hashes of equal frames may differ."""
    duplicate_difference: float = 12.0
    """Mean brightness difference (0 to 255) that no 8x8 block of equal frames may exceed."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Measurements of one frame of the proxy."""

    t: float
    sharpness: float
    """Variance of the Laplacian of the luma."""
    contrast: float
    moved: float
    """Changed share of the area since the previous frame."""


@dataclass(frozen=True, slots=True)
class FrameSlot:
    """A stretch that gets one frame: a scene or a part of a long one. Seconds."""

    scene_index: int
    t_start: float
    t_end: float


def split_scenes(scenes: Sequence[Scene], params: FrameParams) -> tuple[FrameSlot, ...]:
    """Cut scenes into stretches of at most ``max_seconds_per_frame``, at least one for each."""
    slots: list[FrameSlot] = []
    for scene in scenes:
        length = scene.t_end - scene.t_start
        parts = max(1, math.ceil(length / params.max_seconds_per_frame - 1e-9))
        edges = [scene.t_start + length * part / parts for part in range(parts)] + [scene.t_end]
        slots += [FrameSlot(scene.index, a, b) for a, b in pairwise(edges)]
    return tuple(slots)


def shortlist(
    slot: FrameSlot, samples: Sequence[Sample], keyframes: NDArray[np.float64], params: FrameParams
) -> list[float]:
    """Return the times of the frames worth decoding, ascending, close together.

    Film: sharp frames, and of those nearly as sharp the ones cheapest to reach after a keyframe.
    Slides and screens: the last settled frame, since text appears step by step.
    """
    margin = min(params.margin_seconds, (slot.t_end - slot.t_start) / 5)
    inside = [s for s in samples if slot.t_start + margin <= s.t < slot.t_end - margin]
    usable = [s for s in inside or samples if s.contrast > params.blank_contrast]
    pool = usable or inside or list(samples)
    good = _sharp(pool, params)
    at_rest = [s for s in good if s.moved <= params.still_area]
    if sum(s.moved <= params.still_area for s in pool) >= params.still_share * len(pool):
        return [(at_rest or good)[-1].t]
    anchor = min(good, key=lambda s: (_seconds_after_keyframe(s.t, keyframes), -s.sharpness))
    near = [s for s in good if 0 <= s.t - anchor.t <= 0.5]
    best = sorted(near, key=lambda s: -s.sharpness)[: params.shortlist]
    return sorted(s.t for s in best)


def _sharp(pool: Sequence[Sample], params: FrameParams) -> list[Sample]:
    least = params.good_sharpness * max(s.sharpness for s in pool)
    return [s for s in pool if s.sharpness >= least]


def _seconds_after_keyframe(t: float, keyframes: NDArray[np.float64]) -> float:
    before = keyframes[keyframes <= t]
    return float(t - before[-1]) if before.size else t
