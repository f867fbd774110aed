"""Line breaks of subtitles: text in lines that fit the screen, broken between words."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

from reelworks.domain.library.spelling import split_words

MAX_LINE = 42
"""Columns of a line (Netflix, Timed Text Style Guide; BBC guidelines come to about the same)."""
MAX_LINES = 2
"""Lines of a subtitle (the same source)."""
_CLAUSE_END = tuple(".?!…,;:–—。？！、，；：،؟۔।")  # noqa: RUF001 - the marks of other scripts are meant
_CLAUSE_MERIT = 0.4
"""A break after a clause is worth being so far from the middle, as a share of half the text."""
_OPENING, _CLOSING = ("Ps", "Pi"), ("Pe", "Pf", "Po")
"""Unicode categories of marks that no line ends with, and that no line begins with."""


def columns(text: str) -> int:
    """Return how wide a text is: Chinese, Japanese and Korean letters take two columns."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def fits_two_lines(text: str) -> bool:
    """Return whether a text without line breaks fits ``MAX_LINES`` lines of ``MAX_LINE``."""
    return columns(text) <= MAX_LINE or _best_pair(text) is not None


def break_lines(text: str) -> tuple[str, ...]:
    """Return the text in lines of at most ``MAX_LINE`` columns, in two where they suffice.

    Two lines are about equal, or the first ends with a clause. Line breaks of the text stay. Only
    a single word may be longer than a line.
    """
    return tuple(part for line in text.split("\n") for part in _broken(line))


def _broken(line: str) -> tuple[str, ...]:
    if columns(line) <= MAX_LINE:
        return (line,)
    return _best_pair(line) or _filled(line)


def _best_pair(text: str) -> tuple[str, str] | None:
    half = columns(text) / 2

    def merit(pair: tuple[str, str]) -> float:
        clause = _CLAUSE_MERIT if pair[0].endswith(_CLAUSE_END) else 0.0
        return clause - abs(columns(pair[0]) - half) / half

    pairs = ((text[:end], text[start:]) for end, start in _breaks(text))
    fitting = [pair for pair in pairs if max(map(columns, pair)) <= MAX_LINE]
    return max(fitting, key=merit, default=None)


def _filled(text: str) -> tuple[str, ...]:
    """Fill one line after the other."""
    lines: list[str] = []
    first = last = resume = 0
    for end, start in [*_breaks(text), (len(text), len(text))]:
        if last > first and columns(text[first:end]) > MAX_LINE:
            lines.append(text[first:last].rstrip())
            first = resume
        last, resume = end, start
    return (*lines, text[first:])


def _breaks(text: str) -> list[tuple[int, int]]:
    """Return where a line may end and the next begin, as indexes into the text."""
    spans, at = [], 0
    for word in split_words(text):
        start = text.index(word, at)
        at = start + len(word)
        spans.append((start, at))
    return [
        (end, start)
        for (_, end), (start, _) in pairwise(spans)
        if start > end
        or not (
            unicodedata.category(text[end - 1]) in _OPENING
            or unicodedata.category(text[start]) in _CLOSING
        )
    ]
