"""Plans of backfills: what each video and each stage would take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from reelworks.domain.jobs.usage import NOTHING, Usage, add_up


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One video of a plan."""

    source: str | None
    """Path or URL; None: a video of the library."""
    video_id: str
    size: int
    """Bytes."""
    seconds: float
    """Length of the video."""
    guessed: bool
    """True when the length was guessed from the size."""
    cached: tuple[str, ...]
    """Stages whose results are cached."""
    todo: tuple[str, ...]
    work: Mapping[str, float] = field(default_factory=dict)
    """Seconds of work to expect, by stage."""
    usage: Mapping[str, Mapping[str, Usage]] = field(default_factory=dict)
    """Usage of hosted models to expect, by stage and model."""
    note: str | None = None
    """Warning, for example why it cannot be read."""
    stamp: str | None = None
    """Fingerprint of the file; None for the library's own videos."""
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class StagePlan:
    """One stage of a plan, over all videos."""

    stage: str
    cached: int
    """Videos of which it is cached."""
    todo: int
    calls: int
    """Calls of hosted models."""
    cost: Decimal | None
    """US dollars; None when a model's price is not known."""
    seconds: float
    """Of work."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Plan of a backfill: what it would do."""

    lines: tuple[PlanLine, ...]
    stages: tuple[StagePlan, ...]
    usage: Mapping[str, Usage]
    """By hosted model."""
    unpriced: tuple[str, ...]
    """Models whose price is unknown; no sum includes their cost."""
    skipped: int
    """Videos that were found but not selected."""
    elapsed: float
    """Seconds from start to end to expect, with ``Limits.in_flight`` runs at once."""
    notes: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Length of all videos."""
        return sum(line.seconds for line in self.lines)

    @property
    def cost(self) -> Decimal:
        """US dollars, as far as prices are known."""
        return sum((stage.cost or Decimal(0) for stage in self.stages), Decimal(0))

    def summary(self) -> dict[str, Any]:
        """Return all but the lines, as JSON values."""
        return {
            "videos": len(self.lines),
            "hours": round(self.seconds / 3600, 4),
            "skipped": self.skipped,
            "fully_cached": sum(not line.todo for line in self.lines),
            "model_calls": sum(usage.calls for usage in self.usage.values()),
            "usage": {model: usage.to_dict() for model, usage in self.usage.items()},
            "cost": str(self.cost),
            "unpriced": list(self.unpriced),
            "work_seconds": round(sum(stage.seconds for stage in self.stages), 1),
            "elapsed_seconds": round(self.elapsed, 1),
            "stages": [
                asdict(stage) | {"cost": None if stage.cost is None else str(stage.cost)}
                for stage in self.stages
            ],
            "notes": list(self.notes),
        }


def stage_usage(stage: str, lines: Sequence[PlanLine]) -> Mapping[str, Usage]:
    """Return the usage of hosted models by one stage of all ``lines``."""
    return add_up(*(line.usage.get(stage, {}) for line in lines))


def calls_of(usage: Mapping[str, Usage]) -> int:
    """Return the calls in ``usage`` by model."""
    return sum(usage.values(), NOTHING).calls
