"""Backfills: selections of videos, limits, plans and reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from reelworks.domain.jobs.job import JobStatus
from reelworks.domain.jobs.usage import NOTHING, Usage, add_up

IN_FLIGHT = 8
"""Default of ``Limits.in_flight``."""


class SelectionKind(StrEnum):
    """Which of the videos found are selected; of several kinds, those that any of them names."""

    NEW = "new"
    """New in the library, or with another content than the library has."""
    FAILED = "failed"
    """The last run failed."""
    MISSING = "missing"
    """A stage is not cached; ``Selection.stages`` names the stages."""
    OLDER_MODEL = "older-model"
    """Rows were made by another model than the configured one."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Selection of a backfill's videos."""

    source: str | None = None
    """A folder or ``s3://bucket/prefix``; None: the library's own videos."""
    library: str | None = None
    """The library that is searched, or that new videos go to."""
    only: frozenset[SelectionKind] = frozenset()
    """Empty: all."""
    stages: tuple[str, ...] = ()
    """The stages of ``SelectionKind.MISSING``."""
    language: str | None = None
    """Spoken language of the files found; of the library's own videos, those that have it."""
    limit: int | None = None
    """The most videos."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self) | {
            "only": sorted(one.value for one in self.only),
            "stages": list(self.stages),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Selection:
        """Reverse ``to_dict``."""
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        only = frozenset(map(SelectionKind, known.pop("only", ())))
        return cls(**known | {"only": only, "stages": tuple(known.get("stages", ()))})


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a backfill: runs, rates and budget."""

    in_flight: int = IN_FLIGHT
    per_hour: int | None = None
    """Runs that may start in one hour."""
    budget: Decimal | None = None
    """US dollars."""
    calls_per_minute: int | None = None
    """Calls to each provider of hosted models."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self) | {"budget": None if self.budget is None else str(self.budget)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Limits:
        """Reverse ``to_dict``."""
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        budget = known.get("budget")
        return cls(**known | {"budget": None if budget is None else Decimal(str(budget))})


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


class BackfillStatus(StrEnum):
    """Status of a backfill."""

    RUNNING = "running"
    PAUSED = "paused"
    """A user paused it."""
    STOPPED = "stopped"
    """It stopped itself: the budget is used up."""
    DONE = "done"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """True when no job of it will start any more."""
        return self in (BackfillStatus.DONE, BackfillStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class Backfill:
    """A backfill and its current state."""

    id: str
    selection: Selection
    limits: Limits
    plan: Mapping[str, Any]
    """``Plan.summary()`` of when it began."""
    status: BackfillStatus
    reason: str | None
    created_at: datetime
    ended_at: datetime | None
    jobs: Mapping[JobStatus, int]
    cost: Decimal
    """US dollars so far."""

    @property
    def total(self) -> int:
        """How many jobs it has."""
        return sum(self.jobs.values())

    @property
    def left(self) -> int:
        """How many jobs are not over."""
        return sum(number for status, number in self.jobs.items() if not status.is_over)


@dataclass(frozen=True, slots=True)
class FailedVideo:
    """A video of a backfill whose job failed."""

    job_id: str
    video_id: str | None
    source: str | None
    stage: str | None
    code: str | None
    reason: str | None
    attempts: int


@dataclass(frozen=True, slots=True)
class Report:
    """Report of a backfill."""

    backfill: Backfill
    hours: float
    """Length of the videos that are done."""
    failures: tuple[FailedVideo, ...]
    stage_seconds: Mapping[str, float]
    """Seconds of work by stage."""
    computed: Mapping[str, int]
    """Videos whose stage was computed, not read from the cache."""
    usage: Mapping[str, Usage]
    unpriced: tuple[str, ...]


def stage_usage(stage: str, lines: Sequence[PlanLine]) -> Mapping[str, Usage]:
    """Return the usage of hosted models by one stage of all ``lines``."""
    return add_up(*(line.usage.get(stage, {}) for line in lines))


def calls_of(usage: Mapping[str, Usage]) -> int:
    """Return the calls in ``usage`` by model."""
    return sum(usage.values(), NOTHING).calls
