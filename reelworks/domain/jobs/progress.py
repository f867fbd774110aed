"""How a stage tells how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called by a stage as it goes on.

    ``done`` and ``total`` are in the stage's own unit (seconds of video, frames, texts).
    It may raise ``reelworks.errors.Cancelled``; a stage lets that pass and stops its work.
    """

    def __call__(self, done: float, total: float) -> None:
        """Report ``done`` of ``total``."""


def silent(done: float, total: float) -> None:
    """Report to nobody."""
    del done, total


def forward(progress: Progress) -> Progress:
    """Return a reporter that tells the furthest point so far: what is measured may shrink again."""
    furthest = 0.0

    def report(done: float, total: float) -> None:
        nonlocal furthest
        furthest = max(furthest, done)
        progress(furthest, total)

    return report
