"""Whisper hallucinations and omissions: text without speech, loops, and speech without text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import fmean

from reelworks.domain.video.transcript import Word
from reelworks.models.speech.voice_activity import Region
from reelworks.models.speech.whisper_output import DecodedWindow

NO_SPEECH_LIMIT = 0.6
"""Above it, with unlikely text, there is no speech (OpenAI's Whisper, transcribe.py)."""
LOG_PROBABILITY_LIMIT = -1.0
"""Mean log probability below which text counts as unlikely (the same source)."""
HOPELESS_LOG_PROBABILITY = -1.5
"""Below it text is a guess, whatever else; the test media's speech has -0.05 to -0.4."""
WORD_PROBABILITY_LIMIT = 0.3
"""Mean over a window's words; real speech in the test media stays above 0.6."""
_MISSED_SECONDS = 1.0
"""Seconds of speech without a word that are worth a second pass."""
_REACH = 0.5
"""Seconds around a word that count as covered: word times are that exact."""
_REPEATS = {1: 6, 2: 5}
"""How often a phrase of so many words is said in a row before it is a loop; longer ones: 4."""
_LONGEST_PHRASE = 30
_REPEATED_LETTER = re.compile(r"(\w)\1{9}")
"""One letter ten times: what a steady tone is heard as."""


def is_hallucination(heard: DecodedWindow) -> bool:
    """True when a window's text was made up or is a guess."""
    if not heard.words:
        return True
    if not any(letter.isalnum() for word in heard.words for letter in word.text):
        return True
    if heard.log_probability < HOPELESS_LOG_PROBABILITY:
        return True
    unlikely = heard.log_probability < LOG_PROBABILITY_LIMIT
    if unlikely and heard.no_speech_probability > NO_SPEECH_LIMIT:
        return True
    return fmean(word.probability for word in heard.words) < WORD_PROBABILITY_LIMIT


def without_loops(words: Sequence[Word]) -> list[Word]:
    """Keep one of the repetitions where a phrase is said over and over, and no endless words."""
    result = [word for word in words if not _REPEATED_LETTER.search(word.text)]
    for length in range(1, _LONGEST_PHRASE + 1):
        result = _without_loops_of(result, length, _REPEATS.get(length, 4))
    return result


def _without_loops_of(words: list[Word], length: int, limit: int) -> list[Word]:
    spoken = [word.text.strip(" .,!?").casefold() for word in words]
    result: list[Word] = []
    first = 0
    while first < len(words):
        phrase = spoken[first : first + length]
        after = first + length
        while spoken[after : after + length] == phrase:
            after += length
        if (after - first) // length >= limit:
            result += words[first : first + length]
            first = after
        else:
            result.append(words[first])
            first += 1
    return result


def missed_regions(regions: Sequence[Region], words: Sequence[Word]) -> list[Region]:
    """Return the parts of ``regions`` (at least a second each) near which there is no word."""
    missed: list[Region] = []
    index = 0
    for start, end in regions:
        while index < len(words) and words[index].t_end + _REACH <= start:
            index += 1
        at, later = start, index
        while later < len(words) and words[later].t_start - _REACH < end:
            missed.append((at, min(end, words[later].t_start - _REACH)))
            at = max(at, words[later].t_end + _REACH)
            later += 1
        missed.append((at, end))
    return [(start, end) for start, end in missed if end - start >= _MISSED_SECONDS]
