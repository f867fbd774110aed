"""Progress of a stage: reported by its function, stored with its job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol, Self

from reelworks.domain.jobs.report import StageReport, StageState

RUNNING = "running"
"""State of a stage that has begun and not ended."""
_COMPLETE = frozenset({StageState.DONE, StageState.CACHED, StageState.RETRIED})


class Progress(Protocol):
    """Called by a stage while it works.

    ``done`` and ``total`` are in the stage's own unit (seconds of video, frames, texts).
    It may raise ``reelworks.errors.CancelledError``; a stage lets that pass and stops its work.
    """

    def __call__(self, done: float, total: float) -> None:
        """Report ``done`` of ``total``."""


def silent(done: float, total: float) -> None:
    """Report nothing."""
    del done, total


def forward(progress: Progress) -> Progress:
    """Return a progress callback that never goes back, as what is measured may shrink."""
    furthest = 0.0

    def report(done: float, total: float) -> None:
        nonlocal furthest
        furthest = max(furthest, done)
        progress(furthest, total)

    return report


@dataclass(frozen=True, slots=True)
class StageProgress:
    """Progress of one stage of a job: a value of ``jobs.progress``, whose keys are stages."""

    state: str = RUNNING
    """``running`` or a ``StageState``; a later release may store others."""
    done: float = 0.0
    total: float = 0.0
    """In the stage's own unit; 0 when it is not known."""
    seconds: float | None = None
    """How long the stage took; None until it ends."""
    items: int | None = None
    unit: str | None = None
    """What ``items`` counts."""
    model: str | None = None
    note: str | None = None
    """Warnings, why it failed, or what it waits for."""

    @classmethod
    def of_report(cls, report: StageReport, *, done: float = 0.0, total: float = 0.0) -> Self:
        """Return the progress of a stage that has ended."""
        notes = [*report.warnings, *filter(None, [report.reason])]
        return cls(
            state=report.state.value,
            done=done,
            total=total,
            seconds=round(report.seconds, 3),
            items=report.items,
            unit=report.unit,
            model=report.model,
            note=" ".join(notes) or None,
        )

    @property
    def is_running(self) -> bool:
        """True when the stage has begun and not ended."""
        return self.state == RUNNING

    @property
    def share(self) -> float:
        """How much of the stage is done, 0 to 1."""
        if self.state in _COMPLETE:
            return 1.0
        return min(1.0, max(0.0, self.done / self.total)) if self.total > 0 else 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the stored form; what is not known is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Reverse ``to_json``. Keys of a later release are ignored; a bare value is a state."""
        if not isinstance(value, Mapping):
            return cls(state=str(value))
        known = {name: value[name] for name in cls.__dataclass_fields__ if name in value}
        return cls(**{name: one for name, one in known.items() if one is not None})


def progress_of(stored: Any) -> dict[str, StageProgress]:
    """Return ``jobs.progress`` by stage; a value that is not an object has no stages."""
    stages = stored if isinstance(stored, Mapping) else {}
    return {stage: StageProgress.from_json(value) for stage, value in stages.items()}
