"""Backfills: limits, states and reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from reelworks.domain.jobs.job import JobStatus
from reelworks.domain.jobs.usage import Usage
from reelworks.domain.library.selection import VideoSelection

IN_FLIGHT = 8
"""Default of ``Limits.in_flight``."""


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
    selection: VideoSelection
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
