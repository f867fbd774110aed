"""Videos of the library, as shown to people. All times are seconds from the first frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from reelworks.domain.video.scene import Frame, Scene
from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.domain.video.vision import FrameDescription

DEFAULT_LIBRARY = "default"
"""Library of a video for which none is given."""


class VideoStatus(StrEnum):
    """Status of a video."""

    PENDING = "pending"
    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class VideoSummary:
    """One line of the library."""

    id: str
    title: str
    library: str
    status: str
    error: str | None
    duration: float | None
    language: str | None
    original_path: str
    created_at: datetime
    updated_at: datetime
    gone_at: datetime | None = None
    """When the last of its files was missed by a sync; None while there is one."""
    added_by: str | None = None
    """Name of the token that added it; None: added without a token."""
    libraries: tuple[str, ...] = ()
    """All libraries that it is in, its own first."""


@dataclass(frozen=True, slots=True)
class StoredScene:
    """A shot, its id and what found it."""

    id: str
    scene: Scene
    model: str


@dataclass(frozen=True, slots=True)
class StoredFrame:
    """A frame, the store key of its JPEG, and what it shows."""

    id: str
    scene_id: str
    path: str
    frame: Frame
    model: str
    description: FrameDescription | None = None
    """None for a duplicate, and for a frame that is not described yet."""
    description_model: str | None = None
    embedding_model: str | None = None


@dataclass(frozen=True, slots=True)
class StoredSegment:
    """A line of speech and what heard it."""

    id: str
    segment: Segment
    model: str
    embedding_model: str | None = None


@dataclass(frozen=True, slots=True)
class VideoView:
    """A video with all that is known about it."""

    summary: VideoSummary
    upload_path: str | None
    normalized_path: str | None
    digests: Mapping[str, Any]
    probe: Mapping[str, Any]
    warnings: tuple[str, ...]
    scenes: tuple[StoredScene, ...]
    frames: tuple[StoredFrame, ...]
    segments: tuple[StoredSegment, ...]

    @property
    def transcript(self) -> Transcript:
        """All that was said."""
        return Transcript(self.summary.language, tuple(one.segment for one in self.segments))


@dataclass(frozen=True, slots=True)
class Counts:
    """How much the library holds."""

    videos: Mapping[str, int]
    """By status."""
    hours: float
    scenes: int
    frames: int
    segments: int
    captions: int
    embeddings: Mapping[str, int]
    """Vectors by model."""
