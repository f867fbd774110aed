"""Local speech recognition: Whisper (OpenAI, MIT) in CTranslate2 through faster-whisper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from reelworks.domain.capabilities import AudioLimits
from reelworks.domain.jobs.progress import Progress
from reelworks.domain.video.transcript import Transcript
from reelworks.errors import InputError, ModelUnavailableError
from reelworks.models.runtime.local_model import LocalModel
from reelworks.models.runtime.pool import ModelPool
from reelworks.models.runtime.pool import pool as shared_pool
from reelworks.models.runtime.threads import load_in_background, set_omp_passive
from reelworks.models.speech.voice_activity import Region, speech_regions
from reelworks.models.speech.waveform import SAMPLE_RATE, Samples, read_samples, sample_count
from reelworks.models.speech.whisper_decode import WhisperDecoder
from reelworks.models.speech.whisper_hallucinations import missed_regions
from reelworks.models.speech.whisper_languages import Chances
from reelworks.models.speech.whisper_output import DecodedWindow
from reelworks.models.speech.whisper_search import DecodeOptions
from reelworks.models.speech.whisper_windows import Window, plan_windows
from reelworks.models.speech.whisper_words import TimedWord, fill_in, make_transcript, timed_words


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
            run = _Run(model, self._options, wav, language)
            spoken = run.decode(regions, duration, progress)
        progress(duration, duration)
        return make_transcript(spoken, duration)

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


@dataclass(frozen=True, slots=True)
class _Run:
    """The transcription of one file."""

    model: Any
    options: DecodeOptions
    wav: Path
    language: str | None

    def decode(
        self, regions: Sequence[Region], duration: float, progress: Progress
    ) -> list[TimedWord]:
        """Decode the speech and then the regions that were missed, as long as words are found."""
        spoken: list[TimedWord] = []
        for window, heard in self._windows(plan_windows(regions, duration), {}):
            spoken += timed_words(window, heard, regions)
            progress(min(window.span[1], duration), duration)
        before = -1
        while len(spoken) > before:
            before = len(spoken)
            missed = missed_regions(regions, [s.word for s in spoken])
            windows = plan_windows(missed, duration)
            for window, heard in self._windows(windows, _language_shares(spoken)):
                spoken = fill_in(spoken, timed_words(window, heard, missed), missed)
        return spoken

    def _windows(
        self, windows: Sequence[Window], expected: Chances
    ) -> Iterator[tuple[Window, DecodedWindow]]:
        decoder = WhisperDecoder(self.model, self.options, expected)
        batches = decoder.decode((_samples(self.wav, window) for window in windows), self.language)
        done = 0
        while done < len(windows):
            try:
                batch = next(batches)
            except RuntimeError as error:  # CTranslate2: out of memory, a driver that went away
                raise ModelUnavailableError(
                    f"Whisper failed on {self.wav.name} at {windows[done].span[0]:.0f} s "
                    f"({error}); free some memory, or choose a smaller TRANSCRIBE_MODEL."
                ) from error
            yield from zip(windows[done : done + len(batch)], batch, strict=True)
            done += len(batch)


def _language_shares(spoken: Sequence[TimedWord]) -> dict[str, float]:
    """How much of the words so far each language has."""
    return {code: n / len(spoken) for code, n in Counter(s.language for s in spoken).items()}


def _samples(wav: Path, window: Window) -> Samples:
    return np.concatenate(
        [
            read_samples(wav, round(start * SAMPLE_RATE), round(end * SAMPLE_RATE))
            for start, end in window.stretches
        ]
    )
