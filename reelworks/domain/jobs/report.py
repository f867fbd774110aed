"""Stage reports, and the observer that a run sends them to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class StageState(StrEnum):
    """How a stage ended."""

    DONE = "done"
    CACHED = "cached"
    RETRIED = "retried"
    """Done, after at least one failed attempt."""
    FAILED = "failed"
    """Given up: the last attempt failed, or the error is permanent."""


@dataclass(frozen=True, slots=True)
class StageReport:
    """One line of a run's closing table."""

    stage: str
    state: StageState
    seconds: float
    items: int
    unit: str
    model: str | None = None
    warnings: tuple[str, ...] = ()
    reason: str | None = None
    """Why the stage failed, in one sentence."""
    ran_on: str | None = None
    """The pool and the machine that did the work; None for the run's own process."""


class Observer(Protocol):
    """Receives the progress of a run's stages. Called from several threads."""

    def started(self, stage: str) -> None:
        """Called when a stage begins."""

    def placed(self, stage: str, where: str) -> None:
        """Called with where a stage runs, or what it waits for."""

    def advanced(self, stage: str, done: float, total: float) -> None:
        """Called with a stage's progress, in its own unit."""

    def finished(self, report: StageReport) -> None:
        """Called when a stage has ended."""
