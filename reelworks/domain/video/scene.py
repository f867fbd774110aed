"""Scenes and their representative frames. All times are seconds from the first frame."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scene:
    """A shot between two cuts: ``t_start`` included, ``t_end`` not."""

    index: int
    t_start: float
    t_end: float


@dataclass(frozen=True, slots=True)
class Frame:
    """The sharpest representative frame of a scene."""

    index: int
    scene_index: int
    t: float
    phash: str
    """64-bit perceptual hash (ImageHash ``phash``), 16 hex digits."""
    sha256: str
    """Of the JPEG's bytes."""
    width: int
    height: int
    sharpness: float
    """Variance of the Laplacian of the luma."""
    duplicate_of: int | None = None
    """Index of the earlier frame that shows the same image."""
