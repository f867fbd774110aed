"""Voice activity detection (VAD) with Silero VAD v6, which ships in faster-whisper (MIT)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reelworks.domain.video.transcript import Word
from reelworks.models.runtime.threads import set_omp_passive
from reelworks.models.speech.waveform import SAMPLE_RATE, read_samples, sample_count

Region = tuple[float, float]
"""Start and end in seconds from the first sample."""

MIN_SILENCE = 0.16
"""Seconds: a shorter pause does not end a region (faster-whisper's value for batches)."""
MIN_SPEECH = 0.1
"""Seconds: anything shorter is a click."""
OUTSIDE_LIMIT = 1.0
"""Seconds that a word may lie outside every stretch of speech."""
_BLOCK = 600 * SAMPLE_RATE
"""Samples analysed at once, so that a day of audio does not fill the memory."""


def speech_regions(wav: Path) -> list[Region]:
    """Return the stretches of speech in a 16 kHz mono wav file, in order, without overlap.

    An empty list means no speech. The edges are those of the voice, without padding.

    Raises ``SourceNotFoundError`` or ``UnsupportedMediaError``.
    """
    # Loaded late: it takes a second, which a mere import of this module should not cost.
    set_omp_passive()
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(
        min_silence_duration_ms=round(MIN_SILENCE * 1000),
        min_speech_duration_ms=round(MIN_SPEECH * 1000),
        speech_pad_ms=0,
    )
    total = sample_count(wav)
    regions: list[Region] = []
    for start in range(0, total, _BLOCK):
        samples = read_samples(wav, start, start + _BLOCK)
        for found in get_speech_timestamps(samples, options):
            begin = (start + found["start"]) / SAMPLE_RATE
            end = (start + min(found["end"], len(samples))) / SAMPLE_RATE
            if regions and begin - regions[-1][1] < MIN_SILENCE:  # a block's edge cut it in two
                regions[-1] = (regions[-1][0], end)
            else:
                regions.append((begin, end))
    return regions


def inside_speech(
    words: Sequence[Word], regions: Sequence[Region], slack: float = OUTSIDE_LIMIT
) -> list[Word]:
    """Drop words whose middle is more than ``slack`` seconds from every region of speech."""
    inside = []
    index = 0
    for word in words:
        middle = (word.t_start + word.t_end) / 2
        while index < len(regions) and regions[index][1] + slack < middle:
            index += 1
        if index < len(regions) and regions[index][0] - slack <= middle:
            inside.append(word)
    return inside
