"""Snippets: the piece of a text to show, with the matched words marked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from reelworks.domain.library.search import Excerpt, MatchSpan

OPEN, CLOSE = "\x02", "\x03"
"""What ``ts_headline`` puts around a match; rows never hold these (``table_ops.sanitize_text``)."""
LONGEST = 240
"""Characters of an excerpt."""
_LEAD = 60
_ALIKE = 0.7
"""Least ratio of equal characters (difflib) for a word to be marked as misspelt."""
_MARKED = re.compile(f"{OPEN}([^{CLOSE}]*){CLOSE}")
_WORD = re.compile(r"\w+")


def excerpt_of(
    headlines: Sequence[str], misspelt: Sequence[str] = (), runs: Sequence[str] = ()
) -> Excerpt:
    """Return the excerpt of the first headline with a match, or the text's beginning.

    ``runs`` are pieces of text in scripts without spaces: marked wherever they stand. ``misspelt``
    are words that the text spells differently: marked when nothing else matches.
    """
    chosen = next((line for line in headlines if OPEN in line), headlines[0])
    plain, spans = _unmarked(chosen)
    for run in runs:
        spans += [MatchSpan(*match.span()) for match in re.finditer(re.escape(run), plain)]
    spans = _apart(spans)
    if not spans:
        spans = _alike(plain, misspelt)
    start, end = _window(plain, spans)
    inside = [MatchSpan(one.start - start, one.end - start) for one in spans if start <= one.start]
    return Excerpt(
        plain[start:end].replace("\n", " "),
        tuple(one for one in inside if one.end <= end - start),
    )


def _apart(spans: Sequence[MatchSpan]) -> list[MatchSpan]:
    """Return spans in order, with those that overlap made one."""
    apart: list[MatchSpan] = []
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        if apart and span.start < apart[-1].end:
            apart[-1] = MatchSpan(apart[-1].start, max(span.end, apart[-1].end))
        else:
            apart.append(span)
    return apart


def _unmarked(headline: str) -> tuple[str, list[MatchSpan]]:
    parts: list[str] = []
    spans: list[MatchSpan] = []
    length = position = 0
    for match in _MARKED.finditer(headline):
        before = headline[position : match.start()]
        start = length + len(before)
        length = start + len(match[1])
        spans.append(MatchSpan(start, length))
        parts += [before, match[1]]
        position = match.end()
    return "".join([*parts, headline[position:]]), spans


def _alike(plain: str, misspelt: Sequence[str]) -> list[MatchSpan]:
    return [
        MatchSpan(*match.span())
        for match in _WORD.finditer(plain)
        if any(SequenceMatcher(None, match[0].lower(), word).ratio() >= _ALIKE for word in misspelt)
    ]


def _window(plain: str, spans: Sequence[MatchSpan]) -> tuple[int, int]:
    """Return where the excerpt begins and ends, at borders of words where there are any."""
    if len(plain) <= LONGEST:
        return 0, len(plain)
    first = spans[0].start if spans else 0
    start = max(0, min(first - _LEAD, len(plain) - LONGEST))
    if start:
        border = re.search(r"\s", plain[start:first])
        start += border.end() if border else 0
    end = min(len(plain), start + LONGEST)
    if end < len(plain):
        border = re.search(r"\s\S*$", plain[start:end])
        end = start + border.start() if border and border.start() > LONGEST // 2 else end
    return start, end
