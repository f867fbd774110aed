"""Transcripts: speech as text. All times are seconds from the first video frame."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word."""

    text: str
    t_start: float
    t_end: float
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of speech that reads as one line."""

    t_start: float
    t_end: float
    text: str
    words: tuple[Word, ...] = ()
    language: str | None = None
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """All that was said. No segments means that there is no speech, which is a result."""

    language: str | None
    """ISO 639-1 code of most of the speech; None without speech."""
    segments: tuple[Segment, ...] = ()

    @property
    def text(self) -> str:
        """The segments' text, one line each."""
        return "\n".join(segment.text for segment in self.segments)
