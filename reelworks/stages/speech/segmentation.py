"""Segmentation of transcripts: short, whole phrases that read well as one line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from reelworks.domain.library.spelling import join_words, split_words
from reelworks.domain.video.transcript import Segment, Word
from reelworks.media.formats.line_breaks import fits_two_lines

_SENTENCE_END = tuple(".?!…。？！؟।")  # noqa: RUF001 - the marks of other scripts are meant
_CLAUSE_END = tuple(",;:–—、，；：،")  # noqa: RUF001 - the marks of other scripts are meant
_ABBREVIATIONS = frozenset(
    ("mr.", "mrs.", "ms.", "dr.", "st.", "prof.", "vs.", "no.", "z.b.", "d.h.", "sr.", "sra.")
)
_CLOSING = "\"'”’»)]」』"  # noqa: RUF001 - the marks of other scripts are meant
_SHORT_SECONDS = 1.0
_SHORT_CHARACTERS = 12


@dataclass(frozen=True, slots=True)
class SegmentLimits:
    """How long a segment may be, and which pause ends it whatever else."""

    max_seconds: float = 7.0
    """The longest time that broadcasters leave a subtitle (Netflix, Timed Text Style Guide)."""
    max_characters: int = 84
    """Two lines of 42 (the same source); a segment's text must also break into such lines."""
    pause: float = 0.8
    """Seconds."""


def resegment(segments: Iterable[Segment], limits: SegmentLimits) -> tuple[Segment, ...]:
    """Return the same words, in order, in segments within ``limits``.

    Breaks at sentence ends, pauses and changes of language or speaker; a sentence that is too
    long is split at its commas and pauses, near the middle. Only a single word may be longer
    than the limits allow. Segments without words stay as they are.
    """
    result: list[Segment] = []
    for segment in map(_align_words, segments):
        if not segment.words:
            result.append(segment)
            continue
        phrases = [
            part for phrase in _phrases(segment.words, limits) for part in _fitting(phrase, limits)
        ]
        result += [_segment(phrase, segment) for phrase in _without_short_phrases(phrases, limits)]
    return tuple(result)


def _align_words(segment: Segment) -> Segment:
    """Make words and text agree: some servers' words lack the text's punctuation."""
    if not segment.words or join_words([w.text for w in segment.words]) == segment.text:
        return segment
    tokens = split_words(segment.text)
    if not tokens:
        return segment
    if len(tokens) == len(segment.words):
        pairs = zip(tokens, segment.words, strict=True)
        return replace(segment, words=tuple(replace(word, text=text) for text, word in pairs))
    edges = list(accumulate((len(token) for token in tokens), initial=0))
    scale = (segment.t_end - segment.t_start) / edges[-1]
    words = [
        Word(token, segment.t_start + a * scale, segment.t_start + b * scale)
        for token, (a, b) in zip(tokens, pairwise(edges), strict=True)
    ]
    return replace(segment, words=tuple(words))


def _phrases(words: Sequence[Word], limits: SegmentLimits) -> list[list[Word]]:
    """Split where a sentence ends or the speaker pauses."""
    phrases: list[list[Word]] = []
    for word in words:
        if phrases and not _ends(phrases[-1][-1]) and _pause(phrases[-1][-1], word) < limits.pause:
            phrases[-1].append(word)
        else:
            phrases.append([word])
    return phrases


def _ends(word: Word) -> bool:
    text = word.text.rstrip(_CLOSING)
    return text.endswith(_SENTENCE_END) and text.lower() not in _ABBREVIATIONS


def _pause(before: Word, after: Word) -> float:
    return after.t_start - before.t_end


def _fits(words: Sequence[Word], limits: SegmentLimits) -> bool:
    seconds = words[-1].t_end - words[0].t_start
    text = join_words([word.text for word in words])
    return (
        seconds <= limits.max_seconds
        and len(text) <= limits.max_characters
        and fits_two_lines(text)
    )


def _fitting(words: list[Word], limits: SegmentLimits) -> list[list[Word]]:
    """Halve a phrase at its best break until every part fits."""
    if len(words) == 1 or _fits(words, limits):
        return [words]
    lengths = list(accumulate(len(word.text) + 1 for word in words))
    half = lengths[-1] / 2

    def merit(cut: int) -> float:
        clause = 0.5 if words[cut - 1].text.rstrip(_CLOSING).endswith(_CLAUSE_END) else 0.0
        off_middle = abs(lengths[cut - 1] - half) / half
        return clause + min(_pause(words[cut - 1], words[cut]), 0.5) - off_middle

    cut = max(range(1, len(words)), key=merit)
    return [*_fitting(words[:cut], limits), *_fitting(words[cut:], limits)]


def _without_short_phrases(
    phrases: Sequence[list[Word]], limits: SegmentLimits
) -> list[list[Word]]:
    """Join a phrase too short to read with the one before, or the next, where they fit."""
    merged: list[list[Word]] = []
    for phrase in phrases:
        near = merged and _pause(merged[-1][-1], phrase[0]) < limits.pause
        short = merged and (_is_short(merged[-1]) or _is_short(phrase))
        if near and short and _fits([*merged[-1], *phrase], limits):
            merged[-1] = [*merged[-1], *phrase]
        else:
            merged.append(phrase)
    return merged


def _is_short(words: Sequence[Word]) -> bool:
    characters = len(join_words([word.text for word in words]))
    return words[-1].t_end - words[0].t_start < _SHORT_SECONDS or characters < _SHORT_CHARACTERS


def _segment(words: Sequence[Word], source: Segment) -> Segment:
    return Segment(
        t_start=words[0].t_start,
        t_end=words[-1].t_end,
        text=join_words([word.text for word in words]),
        words=tuple(words),
        language=source.language,
        speaker=source.speaker,
    )
