"""Snippets: the piece of a text to show, with the matched words marked."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reelworks.domain.library.search import Excerpt, MatchSpan

OPEN, CLOSE = "\x02", "\x03"
"""What ``ts_headline`` puts around a match; rows never hold these (``table_ops.sanitize_text``)."""
LONGEST = 240
"""Characters of an excerpt of speech or of a description."""
LONGEST_OF_LINES = 100
"""Characters of an excerpt of lines that are apart: a page has hundreds of them."""
_MARKED = re.compile(f"{OPEN}([^{CLOSE}]*){CLOSE}")


def excerpt_of(
    text: str, headlines: Sequence[str], runs: Sequence[str] = (), *, in_lines: bool = False
) -> Excerpt:
    """Return the piece of a text around the match, or the text's beginning.

    ``headlines`` are the text with the matches marked, character by character as long as it is; the
    one with most matches counts. ``runs`` are pieces of text in scripts without spaces: marked
    wherever they stand. ``in_lines``: each line of the text is one of its own; the excerpt is the
    line with most matches and as much around it as there is room for.
    """
    spans = _spans(max(headlines, key=lambda line: line.count(OPEN)))
    for run in runs:
        spans += [MatchSpan(*match.span()) for match in re.finditer(re.escape(run), text)]
    spans = _apart(spans)
    start, end = _lines(text, spans) if in_lines else _window(text, spans)
    inside = [MatchSpan(one.start - start, one.end - start) for one in spans if start <= one.start]
    return Excerpt(
        text[start:end].replace("\n", " "),
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


def _spans(headline: str) -> list[MatchSpan]:
    """Return where the matches stand in the text without their marks."""
    spans: list[MatchSpan] = []
    for number, match in enumerate(_MARKED.finditer(headline)):
        start = match.start() - 2 * number
        spans.append(MatchSpan(start, start + len(match[1])))
    return spans


def _lines(text: str, spans: Sequence[MatchSpan]) -> tuple[int, int]:
    """Return where the line with most matches and its neighbours begin and end."""
    borders = [(match.start(), match.end()) for match in re.finditer(r"[^\n]+", text)]
    if not borders:
        return 0, 0
    counts = [sum(start <= one.start < end for one in spans) for start, end in borders]
    first = counts.index(max(counts))
    start, end = borders[first]
    if end - start > LONGEST_OF_LINES:
        within = [
            MatchSpan(s.start - start, s.end - start) for s in spans if start <= s.start < end
        ]
        window = _window(text[start:end], within, LONGEST_OF_LINES)
        return start + window[0], start + window[1]
    first, last = _with_neighbours(borders, first)
    return borders[first][0], borders[last][1]


def _with_neighbours(borders: Sequence[tuple[int, int]], line: int) -> tuple[int, int]:
    """Return the first and last of the lines around one that fit in with it."""
    first = last = line
    while True:
        fitting = [
            (one, two)
            for one, two in ((first - 1, last), (first, last + 1))
            if one >= 0
            and two < len(borders)
            and borders[two][1] - borders[one][0] <= LONGEST_OF_LINES
        ]
        if not fitting:
            return first, last
        first, last = min(fitting, key=lambda pair: abs(pair[0] + pair[1] - 2 * line))


def _window(plain: str, spans: Sequence[MatchSpan], longest: int = LONGEST) -> tuple[int, int]:
    """Return where the excerpt begins and ends, at borders of words where there are any.

    It begins a little before the match from which on most others fit in.
    """
    if len(plain) <= longest:
        return 0, len(plain)
    lead = longest // 4
    fitting = [
        (
            sum(
                one.start <= other.start and other.end <= one.start + longest - lead
                for other in spans
            ),
            -one.start,
        )
        for one in spans
    ]
    first = -max(fitting)[1] if fitting else 0
    start = max(0, min(first - lead, len(plain) - longest))
    if start:
        border = re.search(r"\s", plain[start:first])
        start += border.end() if border else 0
    end = min(len(plain), start + longest)
    if end < len(plain):
        border = re.search(r"\s\S*$", plain[start:end])
        end = start + border.start() if border and border.start() > longest // 2 else end
    return start, end
