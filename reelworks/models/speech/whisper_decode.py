"""Whisper decoding of speech windows, several at once: text, words and confidence."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from reelworks.errors import GpuMemoryError
from reelworks.models.speech.waveform import SAMPLE_RATE, Samples
from reelworks.models.speech.whisper_languages import Chances, LanguageTracker
from reelworks.models.speech.whisper_output import DecodedWindow, DecodedWord
from reelworks.models.speech.whisper_search import BeamSearch, DecodeOptions, Draft

log = logging.getLogger(__name__)

FRAMES_PER_SECOND = 100
_TAIL_FRAMES = 400
"""Silence (4 s) that the encoder sees after the audio; with 2 s it dropped a sentence in a test."""
_SLACK = 0.3
"""Seconds by which a segment's last word may outlast its time stamp."""
_FEWEST_FRAMES = 50
"""Half a second: below a few frames the alignment of words has no path and fails."""
# The marks that faster-whisper joins to the word before and after.
_APPEND = "\"'.。,，!！?？:：”)]}、"  # noqa: RUF001 - full-width marks are meant
_PREPEND = "\"'“¿([{-"


_BATCH_SIZE = {"cpu": 4, "cuda": 16}


class WhisperDecoder:
    """Decodes windows with one loaded faster-whisper model."""

    def __init__(self, model: Any, options: DecodeOptions, expected: Chances | None = None) -> None:
        """Take a loaded model; ``expected`` is how likely each language is, where one knows."""
        self._model = model
        self._options = options
        self._batch_size = options.batch_size or _BATCH_SIZE.get(model.model.device, 4)
        self._tracker = LanguageTracker(expected)
        self._search = BeamSearch(model, options)

    def decode(
        self, windows: Iterator[Samples], language: str | None
    ) -> Iterator[list[DecodedWindow]]:
        """Yield the text of the windows, a batch at a time, in order.

        ``language`` None: it is detected, also where a file changes it. Raises
        ``GpuMemoryError`` when not even one window fits the GPU.
        """
        batch: list[Samples] = []
        for samples in windows:
            batch.append(samples)
            if len(batch) >= self._batch_size:
                yield self._decode_with_backoff(batch, language)
                batch = []
        if batch:
            yield self._decode_with_backoff(batch, language)

    def _decode_with_backoff(
        self, batch: list[Samples], language: str | None
    ) -> list[DecodedWindow]:
        """Decode a batch; when GPU memory is short, in halves, and smaller ones from then on."""
        before = self._tracker.copy()
        try:
            return self._decode_batch(batch, language)
        except RuntimeError as error:  # CTranslate2 has no type of its own for it
            if "out of memory" not in str(error):
                raise
            if len(batch) == 1:
                raise GpuMemoryError(
                    "The GPU has too little free memory for Whisper, even for one window of "
                    "speech; free some, or choose a smaller TRANSCRIBE_MODEL."
                ) from error
        self._tracker = before
        self._batch_size = half = len(batch) // 2
        log.warning("The GPU is short of memory: Whisper takes %d windows at once now.", half)
        return [
            *self._decode_with_backoff(batch[:half], language),
            *self._decode_with_backoff(batch[half:], language),
        ]

    def _decode_batch(self, batch: list[Samples], language: str | None) -> list[DecodedWindow]:
        features = self._features(batch)
        encoded = self._model.encode(features)
        languages = self._languages(encoded, batch, language)
        groups = {code: [i for i, c in enumerate(languages) if c == code] for code in languages}
        heard: dict[int, DecodedWindow] = {}
        for code, members in groups.items():
            part = self._encoded_rows(encoded, features, members)
            sizes = [len(batch[i]) for i in members]
            results = self._decode_group(features[members], part, sizes, code)
            heard.update(zip(members, results, strict=True))
        return [heard[i] for i in range(len(batch))]

    def _features(self, batch: list[Samples]) -> npt.NDArray[np.float32]:
        """Log-mel spectrograms of the windows, shape (n, mels, frames of the longest)."""
        extract = self._model.feature_extractor
        spectra = [extract(samples)[..., :-1] for samples in batch]
        full = int(extract.nb_max_frames)
        longest = max(len(samples) for samples in batch)
        needed = longest * FRAMES_PER_SECOND // SAMPLE_RATE + _TAIL_FRAMES
        frames = full if self._options.full_encoder else min(full, needed + needed % 2)
        from faster_whisper.transcribe import pad_or_trim

        return np.stack([pad_or_trim(spectrum, frames) for spectrum in spectra])

    def _languages(self, encoded: Any, batch: list[Samples], language: str | None) -> list[str]:
        if not self._model.model.is_multilingual:
            return ["en"] * len(batch)
        if language is not None:
            return [language] * len(batch)
        chances = [
            {token[2:-2]: chance for token, chance in window}
            for window in self._model.model.detect_language(encoded)
        ]
        seconds = [len(samples) / SAMPLE_RATE for samples in batch]
        return self._tracker.choose(list(zip(chances, seconds, strict=True)))

    def _encoded_rows(
        self, encoded: Any, features: npt.NDArray[np.float32], rows: Sequence[int]
    ) -> Any:
        """The encoder's output for some windows of a batch, computed again only on a GPU."""
        if len(rows) == len(features):
            return encoded
        if self._model.model.device != "cpu":
            return self._model.encode(features[list(rows)])
        from ctranslate2 import StorageView

        return StorageView.from_array(np.ascontiguousarray(np.array(encoded)[list(rows)]))

    def _decode_group(
        self, features: npt.NDArray[np.float32], encoded: Any, sizes: Sequence[int], language: str
    ) -> list[DecodedWindow]:
        from faster_whisper.tokenizer import Tokenizer

        tokenizer = Tokenizer(
            self._model.hf_tokenizer,
            self._model.model.is_multilingual,
            task="transcribe",
            language=language,
        )
        drafts = self._search.drafts(
            lambda rows: self._encoded_rows(encoded, features, rows), tokenizer, sizes
        )
        return self._with_words(drafts, tokenizer, encoded, sizes)

    def _with_words(
        self, drafts: list[Draft], tokenizer: Any, encoded: Any, sizes: Sequence[int]
    ) -> list[DecodedWindow]:
        # faster-whisper fills in "words" of one segment for each window.
        segments: list[list[dict[str, Any]]] = [
            [{"tokens": d.tokens, "start": 0.0, "end": size / SAMPLE_RATE, "seek": 0}]
            for d, size in zip(drafts, sizes, strict=True)
        ]
        # Words are sought in what the text covers, so that none is stretched over what it lacks.
        covered = [
            min(draft.t_end + _SLACK, size / SAMPLE_RATE)
            for draft, size in zip(drafts, sizes, strict=True)
        ]
        frames = [max(math.ceil(t * FRAMES_PER_SECOND), _FEWEST_FRAMES) for t in covered]
        self._model.add_word_timestamps(
            segments, tokenizer, encoded, frames, _PREPEND, _APPEND, 0.0
        )
        return [
            DecodedWindow(
                language=tokenizer.language_code,
                words=tuple(
                    DecodedWord(
                        w["word"], float(w["start"]), float(w["end"]), float(w["probability"])
                    )
                    for w in segment[0].get("words", ())
                ),
                log_probability=draft.log_probability,
                no_speech_probability=draft.no_speech_probability,
                compression=draft.compression,
            )
            for draft, segment in zip(drafts, segments, strict=True)
        ]
