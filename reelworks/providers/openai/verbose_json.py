"""Answer format ``verbose_json`` of hosted speech models, and the transcript made from it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from reelworks.domain.video.transcript import Segment, Transcript, Word
from reelworks.providers.openai.languages import iso_639_1

PAUSE = 1.0
"""Seconds of silence that end a segment where the server gives words only."""


class _Wire(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)


class TimedWord(_Wire):
    """One word; OpenAI leaves its punctuation out."""

    word: str
    start: float
    end: float


class TimedSegment(_Wire):
    """One line of speech; times in seconds."""

    start: float
    end: float
    text: str
    avg_logprob: float | None = None
    no_speech_prob: float | None = None
    words: list[TimedWord] | None = None
    """Some servers put the words into each segment and not beside the segments."""

    @property
    def is_silence(self) -> bool:
        """True where Whisper's own decoder drops a segment as silence.

        The limits are ``no_speech_threshold`` 0.6 and ``logprob_threshold`` -1.0 of
        openai-whisper's ``transcribe``.
        """
        return (self.no_speech_prob or 0.0) > 0.6 and (self.avg_logprob or 0.0) < -1.0


class VerboseTranscription(_Wire):
    """The answer."""

    text: str = ""
    language: str | None = None
    segments: list[TimedSegment] | None = None
    words: list[TimedWord] | None = None

    def has_text_without_times(self) -> bool:
        """True when there is text without any times."""
        return bool(self.text.strip()) and not self.segments and not self.words

    def to_domain(self, duration: float, language_hint: str | None) -> Transcript:
        """Return the transcript of ``duration`` seconds of audio; the hint goes first."""
        language = language_hint or iso_639_1(self.language)
        words = _domain_words(self.words or (), duration)
        if self.segments:
            segments = _domain_segments(self.segments, words, duration, language)
        else:
            segments = tuple(_segment_of(run, language) for run in _runs(words))
        return Transcript(language=language if segments else None, segments=segments)


def _domain_segments(
    wire: Sequence[TimedSegment],
    words: Sequence[Word],
    duration: float,
    language: str | None,
) -> tuple[Segment, ...]:
    ordered = sorted(wire, key=lambda item: (item.start, item.end))
    shares = _shared_out(words, ordered)
    segments = []
    for item, share in zip(ordered, shares, strict=True):
        text = " ".join(item.text.split())
        if not text or item.is_silence or _is_after(item, duration):
            continue
        start, end = _clamped(item.start, item.end, duration)
        own = _domain_words(item.words or (), duration) or share
        timed = _with_punctuation(own, text) if own else spread_words(text, start, end)
        segments.append(Segment(start, end, text, words=tuple(timed), language=language))
    return tuple(segments)


def _shared_out(words: Iterable[Word], segments: Sequence[TimedSegment]) -> list[list[Word]]:
    """Give each word to the segment that its middle lies in, or else lies nearest to."""
    shares: list[list[Word]] = [[] for _ in segments]
    for word in words:
        middle = (word.t_start + word.t_end) / 2
        distances = [max(item.start - middle, middle - item.end, 0.0) for item in segments]
        shares[distances.index(min(distances))].append(word)
    return shares


def spread_words(text: str, start: float, end: float) -> list[Word]:
    """Give each word of a segment a share of its seconds, by its length in letters."""
    tokens = text.split()
    edges = list(itertools.accumulate((len(token) for token in tokens), initial=0))
    scale = (end - start) / edges[-1] if edges[-1] else 0.0
    return [
        Word(token, start + left * scale, start + right * scale)
        for token, (left, right) in zip(tokens, itertools.pairwise(edges), strict=True)
    ]


def _with_punctuation(words: Sequence[Word], text: str) -> list[Word]:
    """Take each word's spelling from the segment's text where the two agree word by word."""
    tokens = text.split()
    if [_letters(word.text) for word in words] != [_letters(token) for token in tokens]:
        return list(words)
    return [
        Word(token, word.t_start, word.t_end) for word, token in zip(words, tokens, strict=True)
    ]


def _letters(token: str) -> str:
    return "".join(letter for letter in token.casefold() if letter.isalnum())


def _domain_words(wire: Iterable[TimedWord], duration: float) -> list[Word]:
    words = []
    for item in wire:
        text = item.word.strip()
        if text and not _is_after(item, duration):
            words.append(Word(text, *_clamped(item.start, item.end, duration)))
    return sorted(words, key=lambda word: (word.t_start, word.t_end))


def _is_after(item: TimedSegment | TimedWord, duration: float) -> bool:
    """True for text that begins when the sound is over: Whisper invents it in its padding."""
    return item.start >= duration


def _clamped(start: float, end: float, duration: float) -> tuple[float, float]:
    """Keep times inside the audio: Whisper pads to 30 s and may state times past the end."""
    first = min(max(start, 0.0), duration)
    return first, min(max(end, first), duration)


def _runs(words: Sequence[Word]) -> list[list[Word]]:
    runs: list[list[Word]] = []
    for word in words:
        if runs and word.t_start - runs[-1][-1].t_end < PAUSE:
            runs[-1].append(word)
        else:
            runs.append([word])
    return runs


def _segment_of(run: Sequence[Word], language: str | None) -> Segment:
    text = " ".join(word.text for word in run)
    return Segment(run[0].t_start, run[-1].t_end, text, words=tuple(run), language=language)
