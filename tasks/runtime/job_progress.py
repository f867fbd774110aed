"""The progress of a job's stages, as the job's row shows it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from reelworks.domain.jobs.report import Observer, StageReport, StageState


@dataclass
class JobProgress(Observer):
    """An observer that collects each stage's state, and passes all on to the next observer."""

    next: Observer
    stages: dict[str, dict[str, Any]] = field(default_factory=dict)
    changed: threading.Event = field(default_factory=threading.Event)
    """Set while there is something that no snapshot has."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def started(self, stage: str) -> None:
        """Note that a stage begins."""
        self._note(stage, state="running", done=0.0, total=0.0)
        self.next.started(stage)

    def placed(self, stage: str, where: str) -> None:
        """Note where a stage runs, or what it waits for."""
        self._note(stage, note=where)
        self.next.placed(stage, where)

    def advanced(self, stage: str, done: float, total: float) -> None:
        """Note how far a stage is."""
        self._note(stage, done=done, total=total)
        self.next.advanced(stage, done, total)

    def finished(self, report: StageReport) -> None:
        """Note how a stage ended."""
        notes = [*report.warnings, *filter(None, [report.reason])]
        self._note(
            report.stage,
            state=report.state.value,
            seconds=round(report.seconds, 3),
            items=report.items,
            unit=report.unit,
            model=report.model,
            note=" ".join(notes) or None,
        )
        self.next.finished(report)

    def snapshot(self) -> dict[str, Any]:
        """Return what is known now, by stage."""
        self.changed.clear()
        with self._lock:
            return {stage: dict(values) for stage, values in self.stages.items()}

    @property
    def failed_stage(self) -> str | None:
        """The stage that failed for good, if one did."""
        with self._lock:
            failed = StageState.FAILED.value
            return next(
                (stage for stage, values in self.stages.items() if values["state"] == failed), None
            )

    def _note(self, stage: str, **values: Any) -> None:
        with self._lock:
            self.stages[stage] = self.stages.get(stage, {"state": "running"}) | values
        self.changed.set()
