"""What a run tells about its stages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class StageState(StrEnum):
    """How a stage ended."""

    DONE = "done"
    CACHED = "cached"
    RETRIED = "retried"
    """Done, after at least one try that failed."""
    FAILED = "failed"
    """Given up: the last try failed, or the first one for good."""


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
    """Is told how a run goes on. Called from several threads."""

    def started(self, stage: str) -> None:
        """Learn that a stage begins."""

    def placed(self, stage: str, where: str) -> None:
        """Learn where a stage runs, or what it waits for."""

    def advanced(self, stage: str, done: float, total: float) -> None:
        """Learn how far a stage is, in its own unit."""

    def finished(self, report: StageReport) -> None:
        """Learn how a stage ended."""
