"""Capabilities of AI models: their names, and a protocol for each.

A hosted and a local implementation of each live in ``reelworks.providers`` and
``reelworks.models``; ``reelworks.pipeline.capabilities`` chooses by the settings.
Implementations raise errors of the ``reelworks.errors`` family only.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from reelworks.domain.digest import ModelRef
from reelworks.domain.jobs.progress import Progress
from reelworks.domain.video.transcript import Transcript
from reelworks.domain.video.vision import FrameDescription


class Capability(StrEnum):
    """What a stage needs a model or an encoder for; the settings choose which one."""

    TRANSCRIBE = "transcribe"
    VISION = "vision"
    EMBED = "embed"
    SHOTS = "shots"
    """Shot boundaries of film."""
    ENCODE = "encode"
    """Video encoding, by x264 or NVENC."""


@dataclass(frozen=True, slots=True)
class AudioLimits:
    """How much audio one call takes; None means any length in one piece."""

    max_seconds: float | None = None
    parallel: int = 1
    """Calls that may run at once."""


class Transcriber(Protocol):
    """Turns speech into words with times."""

    @property
    def model(self) -> ModelRef:
        """The model that answers."""

    @property
    def limits(self) -> AudioLimits:
        """How much audio one call takes."""

    def transcribe(self, wav: Path, *, language: str | None, progress: Progress) -> Transcript:
        """Transcribe a 16 kHz mono 16-bit wav file; times are seconds from its first sample.

        ``language`` is an ISO 639-1 code, or None to detect it. ``progress`` counts seconds.
        """


class FrameDescriber(Protocol):
    """Describes what a frame shows."""

    @property
    def model(self) -> ModelRef:
        """The model that answers."""

    @property
    def parallel(self) -> int:
        """Calls that may run at once."""

    def describe(self, jpeg: bytes) -> FrameDescription:
        """Describe one JPEG image."""


class Embedder(Protocol):
    """Turns texts into vectors of unit length."""

    @property
    def model(self) -> ModelRef:
        """The model that answers."""

    @property
    def dimensions(self) -> int:
        """Length of each vector."""

    @property
    def batch_size(self) -> int:
        """Texts to hand over in one call."""

    def reads(self, text: str) -> bool:
        """Tell whether the model knows the script of a text; of others its vectors say nothing."""

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one unit vector for each text, in order."""


class ShotWatch(Protocol):
    """Watches one film."""

    def feed(self, t: float, rgb: bytes) -> None:
        """Take the next frame, shown from ``t`` seconds, as 8-bit RGB, row by row."""

    def cuts(self) -> list[float]:
        """End the film; return when each shot but the first begins, in seconds, ascending."""


class ShotDetector(Protocol):
    """Finds where one shot of a film ends and the next begins."""

    @property
    def model(self) -> ModelRef:
        """The model that answers."""

    @property
    def frame_size(self) -> tuple[int, int]:
        """Width and height in pixels of the pictures that it wants."""

    def watching(self) -> AbstractContextManager[ShotWatch]:
        """Stay ready for one film, from its first frame to its cuts."""


class ItemCache(Protocol):
    """Stores the result of each item of a fan-out, so that a retry redoes only what failed."""

    def get(self, key: str) -> bytes | None:
        """Return the stored bytes, or None. Raises when the store cannot be reached."""

    def put(self, key: str, value: bytes) -> None:
        """Store ``value`` permanently under ``key`` (64 hex digits)."""
