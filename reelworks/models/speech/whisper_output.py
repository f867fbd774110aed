"""Output of Whisper: the words of one window, and how confident the model was."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DecodedWord:
    """A word at its seconds from the window's start; a leading space begins a new word."""

    text: str
    t_start: float
    t_end: float
    probability: float


@dataclass(frozen=True, slots=True)
class DecodedWindow:
    """The text of one window."""

    language: str
    words: tuple[DecodedWord, ...]
    log_probability: float
    no_speech_probability: float
    compression: float
