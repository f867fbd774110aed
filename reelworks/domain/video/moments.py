"""Moments: hits of one video that are close in time, merged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

GAP = 3.0
"""Seconds between two hits of one moment: about the longest pause inside one thought."""
LONGEST = 30.0
"""Seconds that a moment grows to. A slide may stay for minutes: it joins what is said over it, but
what is said at its begin and at its end are two moments."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One hit: its time range and its ranks in the ranked lists."""

    id: str
    video_id: str
    t_start: float
    t_end: float
    score: float
    terms: tuple[tuple[str, float], ...]
    """Name of each ranked list that has it, and the score of its rank there."""

    @property
    def is_long(self) -> bool:
        """True when it is longer than a moment: it joins one without widening it."""
        return self.t_end - self.t_start > LONGEST


@dataclass(frozen=True, slots=True)
class HitGroup:
    """The hits of one moment."""

    hits: tuple[Hit, ...]
    """Best first."""
    t_start: float
    t_end: float

    @property
    def score(self) -> float:
        """Sum over the ranked lists of the best worth there.

        Several lists that agree count more; many neighbours in one list do not.
        """
        best: dict[str, float] = {}
        for hit in self.hits:
            for name, worth in hit.terms:
                best[name] = max(worth, best.get(name, 0.0))
        return sum(best.values())


def merge(hits: Sequence[Hit]) -> list[HitGroup]:
    """Merge hits into moments, best first.

    The best hit that is in no moment yet begins one, and takes every other hit of its video that
    lies within ``GAP`` seconds of it; a hit that is taken widens the moment up to ``LONGEST``
    seconds. Every hit is in one moment. The same hits in any order give the same moments.
    """
    by_video: defaultdict[str, list[Hit]] = defaultdict(list)
    for hit in sorted(hits, key=lambda hit: (-hit.score, hit.id)):
        by_video[hit.video_id].append(hit)
    groups = [group for ranked in by_video.values() for group in _of_video(ranked)]
    return sorted(groups, key=lambda group: (-group.score, group.hits[0].id))


def _of_video(ranked: list[Hit]) -> list[HitGroup]:
    groups = []
    left = ranked
    while left:
        group, left = _grown(left)
        groups.append(group)
    return groups


def _grown(ranked: list[Hit]) -> tuple[HitGroup, list[Hit]]:
    """Return the moment of the first hit, and the hits that are left."""
    anchor = ranked[0]
    start, end = anchor.t_start, anchor.t_end
    if anchor.is_long:
        end = start + LONGEST
    taken, left = [anchor], ranked[1:]
    grew = True
    while grew:
        grew = False
        others = []
        for hit in left:
            wider = (start, end) if hit.is_long else (min(start, hit.t_start), max(end, hit.t_end))
            near = hit.t_start <= end + GAP and hit.t_end >= start - GAP
            if near and wider[1] - wider[0] <= LONGEST:
                taken.append(hit)
                grew = grew or wider != (start, end)
                start, end = wider
            else:
                others.append(hit)
        left = others
    taken.sort(key=lambda hit: (-hit.score, hit.id))
    return HitGroup(tuple(taken), start, max(end, anchor.t_end)), left
