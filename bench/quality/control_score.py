"""Scores of found controls against true ones: same kind and IoU of at least 0.5, one to one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from reelworks.domain.video.vision import Box, Control, ControlKind

MIN_IOU = 0.5


@dataclass
class Score:
    """Counts over any number of pages, by kind."""

    hits: Counter[ControlKind] = field(default_factory=Counter)
    found: Counter[ControlKind] = field(default_factory=Counter)
    true: Counter[ControlKind] = field(default_factory=Counter)
    labels: int = 0
    """Hits whose label is right, apart from case and spaces."""

    def add(self, found: Sequence[Control], truth: Sequence[Control]) -> None:
        """Count one page."""
        pairs = matches(found, truth)
        self.found.update(c.kind for c in found)
        self.true.update(c.kind for c in truth)
        self.hits.update(t.kind for _, t in pairs)
        self.labels += sum(_plain(f.label) == _plain(t.label) for f, t in pairs)

    def rates(self, kinds: Iterable[ControlKind]) -> tuple[float, float, float]:
        """Return precision, recall and F1 over ``kinds``; 0 where nothing was there to count."""
        hits, found, true = (
            sum(counts[kind] for kind in kinds) for counts in (self.hits, self.found, self.true)
        )
        precision, recall = hits / max(found, 1), hits / max(true, 1)
        return precision, recall, 2 * hits / max(found + true, 1)


def iou(a: Box, b: Box) -> float:
    """Return intersection over union of two boxes."""
    w = min(a.x + a.w, b.x + b.w) - max(a.x, b.x)
    h = min(a.y + a.h, b.y + b.h) - max(a.y, b.y)
    inside = max(w, 0.0) * max(h, 0.0)
    return inside / (a.w * a.h + b.w * b.h - inside)


def matches(found: Sequence[Control], truth: Sequence[Control]) -> list[tuple[Control, Control]]:
    """Pair found controls with true ones of the same kind, best overlap first, each used once."""
    candidates = sorted(
        (
            (overlap, i, j)
            for i, f in enumerate(found)
            for j, t in enumerate(truth)
            if f.kind is t.kind and (overlap := iou(f.box, t.box)) >= MIN_IOU
        ),
        reverse=True,
    )
    used_found: set[int] = set()
    used_true: set[int] = set()
    pairs = []
    for _, i, j in candidates:
        if i not in used_found and j not in used_true:
            used_found.add(i)
            used_true.add(j)
            pairs.append((found[i], truth[j]))
    return pairs


def _plain(text: str) -> str:
    return "".join(text.lower().split())
