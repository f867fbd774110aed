"""Whisper decoding of speech windows, several at once: text, words and confidence."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from reelworks.errors import GpuMemoryError
from reelworks.models.speech.waveform import Samples
from reelworks.models.speech.whisper_drafts import DecodeOptions, Draft, compression_ratio
from reelworks.models.speech.whisper_output import DecodedWindow, DecodedWord

log = logging.getLogger(__name__)

FRAMES_PER_SECOND = 100
_TAIL_FRAMES = 400
"""Silence (4 s) that the encoder sees after the audio; with 2 s it dropped a sentence in a test."""
_FEWEST_FRAMES = 50
"""Half a second: below a few frames the alignment of words has no path and fails."""
# The marks that faster-whisper joins to the word before and after.
_APPEND = "\"'.。,，!！?？:：”)]}、"  # noqa: RUF001 - full-width marks are meant
_PREPEND = "\"'“¿([{-"


_BATCH_SIZE = {"cpu": 4, "cuda": 16}


class WhisperDecoder:
    """Decodes windows with one loaded faster-whisper model."""

    def __init__(self, model: Any, options: DecodeOptions) -> None:
        self._model = model
        self._options = options
        self._batch_size = options.batch_size or _BATCH_SIZE.get(model.model.device, 4)
        self._language_seconds: Counter[str] = Counter()

    def decode(
        self, windows: Iterator[Samples], language: str | None
    ) -> Iterator[list[DecodedWindow]]:
        """Yield the text of the windows, a batch at a time, in order.

        ``language`` None: each window's own language, for files that change theirs. Raises
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
        before = self._language_seconds.copy()
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
        self._language_seconds = before
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
            part = encoded if len(groups) == 1 else self._model.encode(features[members])
            sizes = [len(batch[i]) for i in members]
            for i, result in zip(
                members, self._decode_group(features[members], part, sizes, code), strict=True
            ):
                heard[i] = result
        return [heard[i] for i in range(len(batch))]

    def _features(self, batch: list[Samples]) -> npt.NDArray[np.float32]:
        """Log-mel spectrograms of the windows, shape (n, mels, frames of the longest)."""
        extract = self._model.feature_extractor
        spectra = [extract(samples)[..., :-1] for samples in batch]
        full = int(extract.nb_max_frames)
        needed = max(len(samples) for samples in batch) * FRAMES_PER_SECOND // 16000 + _TAIL_FRAMES
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
        return [
            self._choose_language(chance, len(samples))
            for chance, samples in zip(chances, batch, strict=True)
        ]

    def _choose_language(self, chances: dict[str, float], size: int) -> str:
        """A confident window decides alone; a doubtful one follows the file so far."""
        likely = max(chances, key=lambda code: chances[code])
        if chances[likely] < 0.6 and self._language_seconds:
            heard = sum(self._language_seconds.values())
            likely = max(
                chances, key=lambda code: chances[code] + self._language_seconds[code] / heard
            )
        self._language_seconds[likely] += size
        return likely

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
        drafts = self._generate(encoded, tokenizer, len(sizes), self._options.beam_size)
        doubtful = [i for i, draft in enumerate(drafts) if self._is_doubtful(draft)]
        if doubtful and self._options.retry_beam_size > self._options.beam_size:
            again = self._generate(
                self._model.encode(features[doubtful]),
                tokenizer,
                len(doubtful),
                self._options.retry_beam_size,
            )
            for i, draft in zip(doubtful, again, strict=True):
                drafts[i] = draft
        return self._with_words(drafts, tokenizer, encoded, sizes)

    def _generate(self, encoded: Any, tokenizer: Any, count: int, beam_size: int) -> list[Draft]:
        from faster_whisper.transcribe import get_suppressed_tokens

        prompt = self._model.get_prompt(tokenizer, previous_tokens=[], without_timestamps=True)
        results = self._model.model.generate(
            encoded,
            [prompt] * count,
            beam_size=beam_size,
            return_scores=True,
            return_no_speech_prob=True,
            max_length=self._model.max_length,
            suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
        )
        drafts = []
        for result in results:
            tokens = result.sequences_ids[0]
            text = tokenizer.decode(tokens).strip()
            drafts.append(
                Draft(
                    tokens=tokens,
                    log_probability=result.scores[0] * len(tokens) / (len(tokens) + 1),
                    no_speech_probability=result.no_speech_prob,
                    compression=compression_ratio(text),
                )
            )
        return drafts

    def _is_doubtful(self, draft: Draft) -> bool:
        return (
            draft.compression > self._options.compression_limit
            or draft.log_probability < self._options.log_probability_limit
        )

    def _with_words(
        self, drafts: list[Draft], tokenizer: Any, encoded: Any, sizes: Sequence[int]
    ) -> list[DecodedWindow]:
        # faster-whisper fills in "words" of one segment for each window.
        segments: list[list[dict[str, Any]]] = [
            [{"tokens": d.tokens, "start": 0.0, "end": size / 16000, "seek": 0}]
            for d, size in zip(drafts, sizes, strict=True)
        ]
        frames = [max(-(-size * FRAMES_PER_SECOND // 16000), _FEWEST_FRAMES) for size in sizes]
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
