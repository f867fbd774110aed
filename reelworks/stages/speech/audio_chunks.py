"""Audio chunks: long audio cut at silences into parts that one call takes, without gaps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from reelworks.models.speech.voice_activity import Region
from reelworks.models.speech.waveform import SAMPLE_RATE, Samples

_STEP = SAMPLE_RATE // 50
"""Samples (20 ms) over which loudness is compared."""
_LEAD = SAMPLE_RATE // 2
"""Samples (0.5 s) of silence that a chunk begins with, where there are as many."""


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """Samples ``start`` (included) to ``stop`` (not) of a file."""

    start: int
    stop: int

    @property
    def t_start(self) -> float:
        """Seconds of the first sample."""
        return self.start / SAMPLE_RATE

    @property
    def t_end(self) -> float:
        """Seconds of the end."""
        return self.stop / SAMPLE_RATE

    def has_speech(self, regions: Sequence[Region]) -> bool:
        """True when some speech lies in the chunk."""
        return any(start < self.t_end and end > self.t_start for start, end in regions)


def cut_at_silences(
    total: int,
    limit: int,
    regions: Sequence[Region],
    quietest: Callable[[int, int], int],
) -> list[AudioChunk]:
    """Cut ``total`` samples into chunks of at most ``limit`` samples, in order, without overlap.

    A cut falls into the longest silence of a chunk's last third, else into the latest silence
    before; late in a long one, so that there are few chunks. Where speech leaves no silence,
    ``quietest`` says which sample between two is the quietest.
    """
    if limit < 1:
        raise ValueError("a chunk has at least one sample")
    silences = _silences(total, regions)
    chunks: list[AudioChunk] = []
    start = 0
    while total - start > limit:
        cut = _cut_between(start + limit * 2 // 3, start + limit, silences, longest=True)
        cut = cut or _cut_between(start + limit // 10, start + limit, silences, longest=False)
        cut = cut or min(
            max(quietest(start + limit * 9 // 10, start + limit), start + 1), start + limit
        )
        chunks.append(AudioChunk(start, cut))
        start = cut
    if total > start:
        chunks.append(AudioChunk(start, total))
    return chunks


def _silences(total: int, regions: Sequence[Region]) -> list[tuple[int, int]]:
    """The stretches of samples between the regions, those of no length left out."""
    edges = [0, *(round(t * SAMPLE_RATE) for region in regions for t in region), total]
    return [(a, b) for a, b in list(pairwise(edges))[::2] if b > a]


def _cut_between(
    low: int, high: int, silences: Sequence[tuple[int, int]], *, longest: bool
) -> int | None:
    """Return a sample in a silence: its middle, or ``_LEAD`` before speech if that is later."""
    near = [(a, b) for a, b in silences if min(b, high) - max(a, low) >= 2]
    if not near:
        return None
    a, b = max(near, key=lambda s: min(s[1], high) - max(s[0], low)) if longest else near[-1]
    return min(max((a + b) // 2, b - _LEAD, low + 1), high)


def quietest_sample(samples: Samples) -> int:
    """Return the index of the middle of the quietest 20 ms of ``samples``."""
    steps = len(samples) // _STEP
    if steps == 0:
        return len(samples) // 2
    power = np.square(samples[: steps * _STEP].reshape(steps, _STEP)).sum(axis=1)
    return int(power.argmin()) * _STEP + _STEP // 2
