"""Whisper's beam search: the text of encoded windows, with a wider beam where it is doubtful."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from reelworks.models.speech.waveform import SAMPLE_RATE

TIMESTAMP_SECONDS = 0.02
"""Seconds from one time stamp token to the next (OpenAI's Whisper)."""
_LATEST_START = 50
"""First time stamp at most, in such steps: one second (the same source)."""


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """Search effort of Whisper.

    Windows get ``beam_size``, those in ``greedy_languages`` a beam of 1, which there is as good:
    two thirds of what Whisper was trained on is English. In other languages greedy search is
    confidently wrong. A greedy window that comes out doubtful (repeating itself, or unlikely) is
    decoded again with ``beam_size``.
    """

    beam_size: int = 5
    greedy_languages: frozenset[str] = frozenset({"en"})
    batch_size: int | None = None
    """Windows decoded at once; None: what suits the device. Halved where GPU memory is short."""
    compression_limit: float = 2.4
    """Text that deflates better than this repeats itself (OpenAI's Whisper, transcribe.py)."""
    log_probability_limit: float = -0.7
    """Mean log probability of a token below which the text is doubtful."""
    full_encoder: bool = False
    """Encode 30 s whatever the window's length."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The text of one window, as tokens, before its words have times."""

    tokens: list[int]
    t_end: float
    """Seconds of the window that the text covers."""
    log_probability: float
    no_speech_probability: float
    compression: float


class BeamSearch:
    """Finds the text of windows with one loaded faster-whisper model."""

    def __init__(self, model: Any, options: DecodeOptions) -> None:
        self._model = model
        self._options = options

    def drafts(
        self, encoded_rows: Callable[[Sequence[int]], Any], tokenizer: Any, sizes: Sequence[int]
    ) -> list[Draft]:
        """Return the text of windows of ``sizes`` samples, all in the tokenizer's language.

        ``encoded_rows`` gives the encoder's output for some of them, by index.
        """
        wide = self._options.beam_size
        greedy = tokenizer.language_code in self._options.greedy_languages
        everything = range(len(sizes))
        first = 1 if greedy else wide
        drafts = self._generate(encoded_rows(everything), tokenizer, sizes, first)
        doubtful = [i for i in everything if self._is_doubtful(drafts[i])]
        if doubtful and wide > first:
            rows, some = encoded_rows(doubtful), [sizes[i] for i in doubtful]
            again = self._generate(rows, tokenizer, some, wide)
            for i, draft in zip(doubtful, again, strict=True):
                drafts[i] = draft
        return drafts

    def _generate(
        self, encoded: Any, tokenizer: Any, sizes: Sequence[int], beam_size: int
    ) -> list[Draft]:
        from faster_whisper.transcribe import get_suppressed_tokens

        # With time stamps, as Whisper was trained: without them it leaves out whole sentences.
        # Greedy search in English does not, and with them it leaves out the punctuation.
        prompt = self._model.get_prompt(
            tokenizer, previous_tokens=[], without_timestamps=beam_size == 1
        )
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
            _draft(result, tokenizer, size / SAMPLE_RATE)
            for result, size in zip(results, sizes, strict=True)
        ]

    def _is_doubtful(self, draft: Draft) -> bool:
        return (
            draft.compression > self._options.compression_limit
            or draft.log_probability < self._options.log_probability_limit
        )


def _draft(result: Any, tokenizer: Any, seconds: float) -> Draft:
    tokens = result.sequences_ids[0]
    text_tokens, t_end = finished_text(tokens, tokenizer.eot, tokenizer.timestamp_begin)
    return Draft(
        tokens=text_tokens,
        t_end=seconds if t_end is None else min(t_end, seconds),
        log_probability=result.scores[0] * len(tokens) / (len(tokens) + 1),
        no_speech_probability=result.no_speech_prob,
        compression=compression_ratio(tokenizer.decode(text_tokens).strip()),
    )


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
