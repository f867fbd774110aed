"""Sync plan: what changed in the source that a library mirrors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that came or changed, and the video that it is."""

    locator: str
    video_id: str


@dataclass(frozen=True, slots=True)
class Move:
    """A file that lies elsewhere now, with the same content."""

    before: str
    locator: str
    video_id: str | None


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """The steps that bring a library in step with its source."""

    root: str
    library: str
    new: tuple[Arrival, ...]
    changed: tuple[Arrival, ...]
    """Files with another content; their videos keep their ids."""
    moved: tuple[Move, ...]
    copies: tuple[Arrival, ...]
    """New files with the content of a video that the library has or is about to index."""
    gone: tuple[str, ...]
    """Files that are missing; their videos stay and are flagged."""
    copies_gone: tuple[Move, ...]
    """Files that are missed while their videos lie elsewhere in the source, too."""
    back: tuple[str, ...]
    """Files that were missed and are there again."""
    same: int
    """Files that are as they were."""
    notes: tuple[str, ...] = ()

    @property
    def to_index(self) -> tuple[Arrival, ...]:
        """What is to be indexed."""
        return self.new + self.changed
