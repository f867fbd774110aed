"""Findings of the GPU checks, and what each check is given."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from reelworks.settings import Settings

MEDIA = Path(__file__).parents[2] / "tests" / "media"
FILM = MEDIA / "video" / "sintel-trailer-30s.mp4"
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    what: str
    where: str
    figures: str
    ok: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class CheckContext:
    """Settings, scratch folder and device of the checks."""

    settings: Settings
    folder: Path
    on_gpu: bool

    def device(self, is_cuda: bool) -> tuple[str, bool]:
        """Name where something ran, and say whether that is where it should."""
        return ("GPU" if is_cuda else "CPU"), is_cuda == self.on_gpu


def timed(work: Callable[[], Value]) -> tuple[Value, float]:
    """Return what ``work`` returns, and the seconds that it took."""
    started = time.monotonic()
    value = work()
    return value, time.monotonic() - started
