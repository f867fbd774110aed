"""Selections of videos."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reelworks.domain.library.library import VideoStatus


@dataclass(frozen=True, slots=True)
class VideoSelection:
    """Which videos; every condition given must hold, and without any all videos are selected."""

    ids: tuple[str, ...] | None = None
    library: str | None = None
    status: VideoStatus | None = None
    language: str | None = None
    """Spoken language, an ISO 639-1 code."""
    title: str | None = None
    """Part of the title or the id, in any case."""
    min_seconds: float | None = None
    max_seconds: float | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    """Before then."""
