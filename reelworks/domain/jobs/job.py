"""Jobs: runs of flows, their status, attempts and outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from reelworks.domain.jobs.lease import Lease
from reelworks.domain.jobs.progress import StageProgress
from reelworks.domain.jobs.result import JobResult
from reelworks.domain.jobs.usage import BilledUsage

INTERACTIVE = 0
"""Priority of what a user waits for."""
BACKFILL = -10
"""Priority of whole libraries: below zero a run goes to the queue ``backfill``."""
INDEX = "index"
"""The kind of job that indexes a video; a kind is the name of a flow."""


class JobStatus(StrEnum):
    """Status of a job, as the API, pages, commands and metrics name it."""

    QUEUED = "queued"
    """It waits: in our queue, or submitted to Prefect and not begun."""
    RUNNING = "running"
    """A flow run works on it."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @classmethod
    def _missing_(cls, value: object) -> JobStatus | None:
        """Accept the words of the table, which the API used before."""
        return _FORMER_WORDS.get(str(value))

    @property
    def is_over(self) -> bool:
        """True when nothing will happen to the job by itself any more."""
        return self in OVER


_FORMER_WORDS = {"pending": JobStatus.QUEUED, "processing": JobStatus.RUNNING}
OVER = frozenset({JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED})


class StoredStatus(StrEnum):
    """Status of a job in the column ``jobs.status``; ``status_of`` maps it."""

    PENDING = "pending"
    PROCESSING = "processing"
    """A dispatcher or a flow run has a lease on it; the lease says which."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


def status_of(stored: StoredStatus, lease: Lease | None) -> JobStatus:
    """Return the status of a job with this row; only the lease of a run makes it running."""
    if stored is StoredStatus.PROCESSING and (lease is None or lease.flow_run_id is None):
        return JobStatus.QUEUED
    return JobStatus(stored.value)


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be added."""

    id: str
    video_id: str | None
    kind: str = INDEX
    params: Mapping[str, Any] = field(default_factory=dict)
    """The flow's parameters: ``source``, ``language``, ``library``, ``recompute`` for indexing."""
    priority: int = INTERACTIVE
    """Higher goes first; see ``INTERACTIVE`` and ``BACKFILL``."""
    pool: str | None = None
    """The work pool that shall do it; None: any."""
    backfill_id: str | None = None
    requested_by: str | None = None
    webhook_url: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a try of a job failed."""

    reason: str
    """One sentence for people; no secret in it."""
    code: str
    """The ``code`` of the error's class."""
    stage: str | None = None
    can_pass: bool = False
    """True when another try may help."""
    waits_for_room: bool = False
    """True when this machine's own disk was full: the try does not count, and the next one comes
    as soon as there is room again."""
    retry_after: float | None = None
    """Seconds that a provider or a source's server asks to wait."""


FORMER_PARAMS: Mapping[str, str] = {"again": "recompute"}
"""Parameters of ``KINDS_WITH_RECOMPUTE`` by their names before migration 0008, and now."""
KINDS_WITH_RECOMPUTE = frozenset({"index", "backfill", "stage"})


@dataclass(frozen=True, slots=True)
class Job:
    """A job and its state."""

    id: str
    kind: str
    video_id: str | None
    params: Mapping[str, Any]
    status: JobStatus
    attempts: int
    """Flow runs so far, this one included. A run that finds another number is too late."""
    attempts_before: int
    """Those made before the job was last retried."""
    requeues: int
    """Stops on purpose that requeued the job; none of them counts as an attempt."""
    pool: str | None
    priority: int
    error: str | None
    error_code: str | None
    error_stage: str | None
    flow_run_id: str | None
    lease: Lease | None
    expires_at: datetime | None
    not_before: datetime | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    backfill_id: str | None
    requested_by: str | None
    progress: Mapping[str, StageProgress]
    """By stage."""
    usage: Mapping[str, BilledUsage]
    """By hosted model."""
    cost: Decimal
    """So far, in US dollars."""
    result: JobResult


@dataclass(frozen=True, slots=True)
class JobEvent:
    """A change of a job's status."""

    at: datetime
    status: JobStatus
    attempt: int
    note: str | None


@dataclass(frozen=True, slots=True)
class JobSelection:
    """Which jobs to act on; every condition given must hold."""

    ids: tuple[str, ...] | None = None
    statuses: frozenset[JobStatus] | None = None
    kind: str | None = None
    video_id: str | None = None
    library: str | None = None
    backfill_id: str | None = None
    error_code: str | None = None
    error_stage: str | None = None
