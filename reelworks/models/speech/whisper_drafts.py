"""Drafts of Whisper: how a window is decoded, and when its text is doubtful."""

from __future__ import annotations

import zlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """Search effort of Whisper.

    ``beam_size`` is what every window gets. A window that comes out doubtful (repeating itself,
    or unlikely) is decoded again with ``retry_beam_size``.
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
class Draft:
    """A window as it was decoded, before its words have times."""

    tokens: list[int]
    log_probability: float
    no_speech_probability: float
    compression: float


def compression_ratio(text: str) -> float:
    """How much ``text`` deflates: above 2.4 it repeats itself (OpenAI's Whisper)."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0
