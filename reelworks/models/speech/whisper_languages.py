"""Language of each Whisper window, as a hidden Markov model: a file seldom changes its language.

A window alone is often mistaken for a related language (Spanish heard as Italian at 68 %), and a
window decoded in the wrong language is lost. So a change needs evidence: the most likely sequence
of languages is found (Viterbi's algorithm), in which each change costs ``CHANGE_ODDS``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

CHANGE_ODDS = 5.0
"""How much likelier another language must be, from one window to the next, to be believed."""
FULL_EVIDENCE = 10.0
"""Seconds of speech whose probabilities count in full; a shorter window says less."""
_FLOOR = 1e-4
"""Least probability of a language: no single window rules one out permanently."""

Chances = Mapping[str, float]
"""Probability of each language, by its code."""


class LanguageTracker:
    """Chooses the language of windows, batch by batch, in the light of those before."""

    def __init__(self, expected: Chances | None = None) -> None:
        """Begin without knowledge, or with ``expected``: how likely each language is."""
        self._scores: dict[str, float] = {
            code: math.log(max(chance, _FLOOR)) for code, chance in (expected or {}).items()
        }

    def copy(self) -> LanguageTracker:
        """Return a tracker that knows the same."""
        tracker = LanguageTracker()
        tracker._scores = dict(self._scores)
        return tracker

    def choose(self, heard: Sequence[tuple[Chances, float]]) -> list[str]:
        """Return the languages of consecutive windows: what each sounds like, and its seconds."""
        origins: list[dict[str, str]] = []
        for chances, seconds in heard:
            origin = self._origins(chances)
            before, weight = self._scores, min(seconds / FULL_EVIDENCE, 1.0)
            self._scores = {
                code: self._arrival(before, origin[code], code)
                + weight * math.log(max(chances.get(code, 0.0), _FLOOR))
                for code in origin
            }
            top = max(self._scores.values())
            self._scores = {code: score - top for code, score in self._scores.items()}
            origins.append(origin)
        return self._traced(origins)

    def _origins(self, chances: Chances) -> dict[str, str]:
        """The language from which each one is reached best: itself, or the likeliest so far."""
        codes = self._scores.keys() | chances.keys()
        best = max(self._scores, key=lambda code: self._scores[code], default="")
        stay = {code: self._scores.get(code, -math.inf) for code in codes}
        change = (self._scores[best] if best else 0.0) - math.log(CHANGE_ODDS)
        return {code: code if not best or stay[code] >= change else best for code in codes}

    @staticmethod
    def _arrival(before: Mapping[str, float], origin: str, code: str) -> float:
        if not before:
            return 0.0
        return before[origin] - (0.0 if origin == code else math.log(CHANGE_ODDS))

    def _traced(self, origins: Sequence[Mapping[str, str]]) -> list[str]:
        path: list[str] = []
        code = max(self._scores, key=lambda code: self._scores[code], default="")
        for origin in reversed(origins):
            path.append(code)
            code = origin[code]
        return path[::-1]
