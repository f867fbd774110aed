"""Words of Whisper windows at the file's times, and the transcript that they make."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from reelworks.domain.library.spelling import join_words
from reelworks.domain.video.transcript import Segment, Transcript, Word
from reelworks.models.speech.voice_activity import Region, inside_speech
from reelworks.models.speech.whisper_hallucinations import is_hallucination, without_loops
from reelworks.models.speech.whisper_output import DecodedWindow
from reelworks.models.speech.whisper_windows import Window

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TimedWord:
    """Words with file times, and the language of the window that they come from."""

    word: Word
    language: str


def timed_words(window: Window, heard: DecodedWindow, regions: Sequence[Region]) -> list[TimedWord]:
    """Turn a window's tokens into whole words at the file's times, without hallucinations."""
    if is_hallucination(heard):
        log.debug("Dropped the text at %s: not speech.", window.span)
        return []
    words: list[Word] = []
    for part in heard.words:
        t_start, t_end = window.to_file(part.t_start, part.t_end)
        text = part.text.strip()
        if not text:
            continue
        if words and not part.text.startswith(" ") and _is_glued(words[-1].text, text):
            before = words.pop()
            t_start, text = before.t_start, before.text + text
        words.append(Word(text, t_start, t_end, round(part.probability, 3)))
    cleaned = without_loops(inside_speech(words, regions))
    return [TimedWord(word, heard.language) for word in cleaned]


def _is_glued(before: str, text: str) -> bool:
    """True when two parts are one word: Latin letters or marks without a space between them."""
    return before[-1].isascii() and text[0].isascii()


def fill_in(
    spoken: list[TimedWord], found: list[TimedWord], gaps: Sequence[Region]
) -> list[TimedWord]:
    """Add the words of the second pass that lie in the gaps; those of the first pass stay."""
    inside = [
        s
        for s in found
        if any(start <= (s.word.t_start + s.word.t_end) / 2 <= end for start, end in gaps)
    ]
    return sorted([*spoken, *inside], key=lambda s: (s.word.t_start, s.word.t_end))


def make_transcript(spoken: Sequence[TimedWord], duration: float) -> Transcript:
    """Make one segment of each run of one language; the most spoken language is the file's."""
    seconds: Counter[str] = Counter()
    segments = []
    words = iter(_ordered([s.word for s in spoken], duration))
    for language, group in groupby(spoken, key=lambda s: s.language):
        run = tuple(next(words) for _ in group)
        seconds[language] += round(sum(word.t_end - word.t_start for word in run) * 1000)
        segments.append(
            Segment(
                t_start=run[0].t_start,
                t_end=run[-1].t_end,
                text=join_words([word.text for word in run]),
                words=run,
                language=language,
            )
        )
    most = seconds.most_common(1)
    return Transcript(language=most[0][0] if most else None, segments=tuple(segments))


def _ordered(words: Sequence[Word], duration: float) -> list[Word]:
    """Make times whole milliseconds, rising, not overlapping, within the audio."""
    ordered: list[Word] = []
    at = 0.0
    for word in words:
        t_start = min(max(round(word.t_start, 3), at), duration)
        t_end = min(max(round(word.t_end, 3), t_start), duration)
        ordered.append(Word(word.text, t_start, t_end, word.confidence))
        at = t_end
    return ordered
