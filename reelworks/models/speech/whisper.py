"""Local speech recognition: Whisper (OpenAI, MIT) in CTranslate2 through faster-whisper."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from reelworks.domain.capabilities import AudioLimits
from reelworks.domain.jobs.progress import Progress
from reelworks.domain.library.spelling import join_words
from reelworks.domain.video.transcript import Segment, Transcript, Word
from reelworks.errors import InputError, ModelUnavailableError
from reelworks.models.runtime.local_model import LocalModel
from reelworks.models.runtime.pool import ModelPool
from reelworks.models.runtime.pool import pool as shared_pool
from reelworks.models.runtime.threads import load_in_background, set_omp_passive
from reelworks.models.speech.voice_activity import Region, inside_speech, speech_regions
from reelworks.models.speech.waveform import SAMPLE_RATE, Samples, read_samples, sample_count
from reelworks.models.speech.whisper_decode import DecodeOptions, WhisperDecoder
from reelworks.models.speech.whisper_hallucinations import (
    is_hallucination,
    missed_regions,
    without_loops,
)
from reelworks.models.speech.whisper_output import DecodedWindow
from reelworks.models.speech.whisper_windows import Window, plan_windows

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _TimedWord:
    """Words with file times, and the language of the window that they come from."""

    word: Word
    language: str


class WhisperTranscriber(LocalModel[Any]):
    """Transcribes on this machine; implements ``reelworks.domain.capabilities.Transcriber``.

    Speech is found first; without any, the model is not even loaded. Runs int8 on the CPU and
    float16 on CUDA where there is a device. Safe to use from several threads.
    """

    def __init__(
        self,
        name: str,
        models_dir: Path,
        *,
        threads: int | None = None,
        pool: ModelPool = shared_pool,
        options: DecodeOptions | None = None,
    ) -> None:
        """Choose the catalog's model ``name``; weights are fetched and loaded when first needed.

        ``threads`` are CPU threads for one transcription; None means the machine's cores.
        Raises ``SettingsError`` when the catalog has no such model for speech.
        """
        super().__init__(name, "transcribe", models_dir, threads=threads, pool=pool)
        self._options = options or DecodeOptions()

    @property
    def limits(self) -> AudioLimits:
        """Any length in one piece."""
        return AudioLimits()

    def transcribe(self, wav: Path, *, language: str | None, progress: Progress) -> Transcript:
        """Transcribe a 16 kHz mono wav file; ``progress`` counts its seconds.

        A file that changes its language keeps each part in its own when ``language`` is None.

        Raises ``SourceNotFoundError``, ``UnsupportedMediaError``, ``InputError`` for a language
        that the model does not know, and what ``load`` raises.
        """
        duration = sample_count(wav) / SAMPLE_RATE
        progress(0.0, duration)
        regions = speech_regions(wav)
        if not regions:
            progress(duration, duration)
            return Transcript(language=None)
        with self._use() as model:
            self._check_language(model, language)
            spoken = _decode_speech(model, self._options, wav, regions, language, progress)
        progress(duration, duration)
        return _transcript(spoken, duration)

    def _check_language(self, model: Any, language: str | None) -> None:
        known = model.supported_languages
        if language is not None and language not in known:
            raise InputError(
                f"The model {self._entry.name} does not know the language {language!r}; "
                f"give a code like {', '.join(known[:3])}, or none to have it detected."
            )

    def _runs_on_gpu(self) -> bool:
        return _has_gpu()

    def _load_weights(self) -> Any:
        from faster_whisper import WhisperModel

        folder = self._weights_folder()
        on_gpu = _has_gpu()
        try:
            return load_in_background(
                lambda: WhisperModel(
                    str(folder),
                    device="cuda" if on_gpu else "cpu",
                    compute_type="float16" if on_gpu else "int8",
                    cpu_threads=self._threads,
                    local_files_only=True,
                )
            )
        except (RuntimeError, ValueError) as error:
            raise ModelUnavailableError(
                f"The model {self._entry.name} in {folder} could not be loaded ({error}); "
                f"check memory and drivers, or choose another TRANSCRIBE_MODEL."
            ) from error


def _has_gpu() -> bool:
    set_omp_passive()
    import ctranslate2

    return int(ctranslate2.get_cuda_device_count()) > 0


def _decode_speech(
    model: Any,
    options: DecodeOptions,
    wav: Path,
    regions: Sequence[Region],
    language: str | None,
    progress: Progress,
) -> list[_TimedWord]:
    """Decode the speech and then the regions that were missed, as long as words are found."""
    duration = sample_count(wav) / SAMPLE_RATE
    spoken: list[_TimedWord] = []
    decoder = WhisperDecoder(model, options)
    for window, heard in _decode_windows(decoder, wav, plan_windows(regions, duration), language):
        spoken += _timed_words(window, heard, regions)
        progress(min(window.span[1], duration), duration)
    before = -1
    while len(spoken) > before:
        before = len(spoken)
        missed = missed_regions(regions, [s.word for s in spoken])
        decoder = WhisperDecoder(model, options, _language_shares(spoken))
        windows = plan_windows(missed, duration)
        for window, heard in _decode_windows(decoder, wav, windows, language):
            spoken = _fill_in(spoken, _timed_words(window, heard, missed), missed)
    return spoken


def _language_shares(spoken: Sequence[_TimedWord]) -> dict[str, float]:
    """How much of the words so far each language has."""
    return {code: n / len(spoken) for code, n in Counter(s.language for s in spoken).items()}


def _decode_windows(
    decoder: WhisperDecoder, wav: Path, windows: Sequence[Window], language: str | None
) -> Iterator[tuple[Window, DecodedWindow]]:
    batches = decoder.decode((_samples(wav, window) for window in windows), language)
    done = 0
    while done < len(windows):
        try:
            batch = next(batches)
        except RuntimeError as error:  # CTranslate2: out of memory, a driver that went away
            raise ModelUnavailableError(
                f"Whisper failed on {wav.name} at {windows[done].span[0]:.0f} s ({error}); "
                f"free some memory, or choose a smaller TRANSCRIBE_MODEL."
            ) from error
        yield from zip(windows[done : done + len(batch)], batch, strict=True)
        done += len(batch)


def _samples(wav: Path, window: Window) -> Samples:
    return np.concatenate(
        [
            read_samples(wav, round(start * SAMPLE_RATE), round(end * SAMPLE_RATE))
            for start, end in window.stretches
        ]
    )


def _timed_words(
    window: Window, heard: DecodedWindow, regions: Sequence[Region]
) -> list[_TimedWord]:
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
    return [_TimedWord(word, heard.language) for word in cleaned]


def _is_glued(before: str, text: str) -> bool:
    """True when two parts are one word: Latin letters or marks without a space between them."""
    return before[-1].isascii() and text[0].isascii()


def _fill_in(
    spoken: list[_TimedWord], found: list[_TimedWord], gaps: Sequence[Region]
) -> list[_TimedWord]:
    """Add the words of the second pass that lie in the gaps; those of the first pass stay."""
    inside = [
        s
        for s in found
        if any(start <= (s.word.t_start + s.word.t_end) / 2 <= end for start, end in gaps)
    ]
    return sorted([*spoken, *inside], key=lambda s: (s.word.t_start, s.word.t_end))


def _transcript(spoken: Sequence[_TimedWord], duration: float) -> Transcript:
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
