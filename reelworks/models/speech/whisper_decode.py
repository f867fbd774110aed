"""Whisper decoding of speech windows, several at once: text, words and confidence."""

from __future__ import annotations

import logging
import math
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from reelworks.errors import GpuMemoryError
from reelworks.models.speech.waveform import SAMPLE_RATE, Samples
from reelworks.models.speech.whisper_languages import Chances, LanguageTracker
from reelworks.models.speech.whisper_output import DecodedWindow, DecodedWord

log = logging.getLogger(__name__)

FRAMES_PER_SECOND = 100
_TAIL_FRAMES = 400
"""Silence (4 s) that the encoder sees after the audio; with 2 s it dropped a sentence in a test."""
TIMESTAMP_SECONDS = 0.02
"""Seconds from one time stamp token to the next (OpenAI's Whisper)."""
_LATEST_START = 50
"""First time stamp at most, in such steps: one second (the same source)."""
_SLACK = 0.3
"""Seconds by which a segment's last word may outlast its time stamp."""
_FEWEST_FRAMES = 50
"""Half a second: below a few frames the alignment of words has no path and fails."""
# The marks that faster-whisper joins to the word before and after.
_APPEND = "\"'.。,，!！?？:：”)]}、"  # noqa: RUF001 - full-width marks are meant
_PREPEND = "\"'“¿([{-"


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """Search effort of Whisper.

    ``beam_size`` is what every window gets. A window that comes out doubtful (repeating itself,
    or unlikely) is decoded again with ``retry_beam_size``. Where many come out doubtful, the
    others get ``retry_beam_size`` at once, which costs less than to decode them twice.
    """

    beam_size: int = 1
    retry_beam_size: int = 5
    batch_size: int | None = None
    """Windows decoded at once; None: what suits the device. Halved where GPU memory is short."""
    compression_limit: float = 2.4
    """Text that deflates better than this repeats itself (OpenAI's Whisper, transcribe.py)."""
    log_probability_limit: float = -0.7
    """Mean log probability of a token below which the text is doubtful."""
    full_encoder: bool = False
    """Encode 30 s whatever the window's length."""


@dataclass(frozen=True, slots=True)
class _Draft:
    tokens: list[int]
    t_end: float
    """Seconds of the window that the text covers."""
    log_probability: float
    no_speech_probability: float
    compression: float


_BATCH_SIZE = {"cpu": 4, "cuda": 16}
_DIRECT_SHARE = 0.3
"""Share of doubtful windows from which the wide beam costs less at once than as a second try: the
narrow one costs some 0.7 of it (measured with base int8 on two cores)."""


class WhisperDecoder:
    """Decodes windows with one loaded faster-whisper model."""

    def __init__(
        self, model: Any, options: DecodeOptions, expected: Chances | None = None
    ) -> None:
        """Take a loaded model; ``expected`` is how likely each language is, where one knows."""
        self._model = model
        self._options = options
        self._batch_size = options.batch_size or _BATCH_SIZE.get(model.model.device, 4)
        self._tracker = LanguageTracker(expected)
        self._windows: Counter[str] = Counter()
        self._doubtful: Counter[str] = Counter()

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
        needed = max(len(samples) for samples in batch) * FRAMES_PER_SECOND // SAMPLE_RATE + _TAIL_FRAMES
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
        beam = self._beam_size(language)
        drafts = self._generate(encoded, tokenizer, sizes, beam)
        doubtful = [i for i, draft in enumerate(drafts) if self._is_doubtful(draft)]
        self._windows[language] += len(drafts)
        self._doubtful[language] += len(doubtful)
        if doubtful and self._options.retry_beam_size > beam:
            again = self._generate(
                self._encoded_rows(encoded, features, doubtful),
                tokenizer,
                [sizes[i] for i in doubtful],
                self._options.retry_beam_size,
            )
            for i, draft in zip(doubtful, again, strict=True):
                drafts[i] = draft
        return self._with_words(drafts, tokenizer, encoded, sizes)

    def _beam_size(self, language: str) -> int:
        """The wide beam where so many windows of a language were doubtful that it is cheaper."""
        often = self._doubtful[language] > _DIRECT_SHARE * self._windows[language]
        return self._options.retry_beam_size if often else self._options.beam_size

    def _generate(
        self, encoded: Any, tokenizer: Any, sizes: Sequence[int], beam_size: int
    ) -> list[_Draft]:
        from faster_whisper.transcribe import get_suppressed_tokens

        # With time stamps, as Whisper was trained: without them it leaves out whole sentences.
        prompt = self._model.get_prompt(tokenizer, previous_tokens=[], without_timestamps=False)
        results = self._model.model.generate(
            encoded,
            [prompt] * len(sizes),
            beam_size=beam_size,
            return_scores=True,
            return_no_speech_prob=True,
            max_length=self._model.max_length,
            max_initial_timestamp_index=_LATEST_START,
            suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
        )
        return [
            self._draft(result, tokenizer, size / SAMPLE_RATE)
            for result, size in zip(results, sizes, strict=True)
        ]

    @staticmethod
    def _draft(result: Any, tokenizer: Any, seconds: float) -> _Draft:
        tokens = result.sequences_ids[0]
        text_tokens, t_end = finished_text(tokens, tokenizer.eot, tokenizer.timestamp_begin)
        return _Draft(
            tokens=text_tokens,
            t_end=seconds if t_end is None else min(t_end, seconds),
            log_probability=result.scores[0] * len(tokens) / (len(tokens) + 1),
            no_speech_probability=result.no_speech_prob,
            compression=compression_ratio(tokenizer.decode(text_tokens).strip()),
        )

    def _is_doubtful(self, draft: _Draft) -> bool:
        return (
            draft.compression > self._options.compression_limit
            or draft.log_probability < self._options.log_probability_limit
        )

    def _with_words(
        self, drafts: list[_Draft], tokenizer: Any, encoded: Any, sizes: Sequence[int]
    ) -> list[DecodedWindow]:
        # faster-whisper fills in "words" of one segment for each window.
        segments: list[list[dict[str, Any]]] = [
            [{"tokens": d.tokens, "start": 0.0, "end": size / SAMPLE_RATE, "seek": 0}]
            for d, size in zip(drafts, sizes, strict=True)
        ]
        # Words are sought in what the text covers, so that none is stretched over what it lacks.
        frames = [
            max(math.ceil(min(d.t_end + _SLACK, size / SAMPLE_RATE) * FRAMES_PER_SECOND), _FEWEST_FRAMES)
            for d, size in zip(drafts, sizes, strict=True)
        ]
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


def finished_text(
    tokens: Sequence[int], end_of_text: int, first_timestamp: int
) -> tuple[list[int], float | None]:
    """Return the text tokens of Whisper's finished segments, and the seconds where they end.

    Each segment stands between two time stamps of ``TIMESTAMP_SECONDS`` steps. A last segment that
    was begun but not finished is left out, to be decoded again (as OpenAI's transcribe.py does);
    where there is no finished one the text is whole, and its end unknown (None).
    """
    ends = [i for i, token in enumerate(tokens) if token >= first_timestamp]
    closing = [i for i in ends if i > 0 and tokens[i - 1] < end_of_text]
    if not closing:
        return [token for token in tokens if token < end_of_text], None
    last = closing[-1]
    seconds = (tokens[last] - first_timestamp) * TIMESTAMP_SECONDS
    return [token for token in tokens[:last] if token < end_of_text], seconds


def compression_ratio(text: str) -> float:
    """How much ``text`` deflates: above 2.4 it repeats itself (OpenAI's Whisper)."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0
