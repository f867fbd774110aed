"""The progress of a job's stages, as the job's row shows it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from reelworks.domain.jobs.progress import StageProgress
from reelworks.domain.jobs.report import Observer, StageReport, StageState


@dataclass
class JobProgress(Observer):
    """An observer that collects each stage's progress, and passes all on to the next observer."""

    next: Observer
    stages: dict[str, StageProgress] = field(default_factory=dict)
    changed: threading.Event = field(default_factory=threading.Event)
    """Set while there is something that no snapshot has."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def started(self, stage: str) -> None:
        """Note that a stage begins."""
        self._change(stage, lambda one: replace(one, state="running", done=0.0, total=0.0))
        self.next.started(stage)

    def placed(self, stage: str, where: str) -> None:
        """Note where a stage runs, or what it waits for."""
        self._change(stage, lambda one: replace(one, note=where))
        self.next.placed(stage, where)

    def advanced(self, stage: str, done: float, total: float) -> None:
        """Note how far a stage is."""
        self._change(stage, lambda one: replace(one, done=done, total=total))
        self.next.advanced(stage, done, total)

    def finished(self, report: StageReport) -> None:
        """Note how a stage ended."""
        self._change(
            report.stage,
            lambda one: StageProgress.of_report(report, done=one.done, total=one.total),
        )
        self.next.finished(report)

    def snapshot(self) -> dict[str, StageProgress]:
        """Return what is known now, by stage."""
        self.changed.clear()
        with self._lock:
            return dict(self.stages)

    @property
    def failed_stage(self) -> str | None:
        """The stage that failed permanently, if one did."""
        with self._lock:
            stages = self.stages.items()
            return next((name for name, one in stages if one.state == StageState.FAILED), None)

    def _change(self, stage: str, change: Callable[[StageProgress], StageProgress]) -> None:
        with self._lock:
            self.stages[stage] = change(self.stages.get(stage, StageProgress()))
        self.changed.set()
