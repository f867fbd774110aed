"""Parts of the response schemas of jobs: errors, stages, results and leases."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict  # pydantic takes the one of typing from Python 3.12 on


class JobError(BaseModel):
    """Why the last attempt failed."""

    message: str
    code: str | None
    stage: str | None


class StageProgressOut(BaseModel):
    """Progress of a stage."""

    state: str = Field(examples=["running"])
    done: float = 0.0
    total: float = 0.0
    """In the stage's own unit."""
    seconds: float | None = None
    items: int | None = None
    unit: str | None = None
    model: str | None = None
    note: str | None = None


class JobResultOut(TypedDict, total=False):
    """Ids of what a job made, and what a flow of your own adds; empty until it is done."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]
    video_id: str
    backfill_id: str


class LeaseOut(StrEnum):
    """Who has a job."""

    DISPATCHER = "dispatcher"
    QUEUED = "queued"
    RUN = "run"
    CANCEL_PENDING = "cancel_pending"
