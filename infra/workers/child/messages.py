"""Messages between a worker and its child interpreter: one JSON line each."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, TypeAdapter

PROTOCOL = 2
"""Raise when a message changes: a worker must not talk to a child made of newer code."""


class ModelStatus(BaseModel):
    """One model of a child's pool."""

    key: str
    loaded: bool
    loads: int
    hits: int
    load_seconds: float
    """Of all loads together."""
    host_bytes: int
    gpu_bytes: int


class ModelPoolStatus(BaseModel):
    """The model pool of a child."""

    models: list[ModelStatus] = []
    host_bytes: int = 0
    gpu_bytes: int = 0
    evictions: int = 0


class Ready(BaseModel):
    """The child has started and loaded its preload list."""

    kind: Literal["ready"] = "ready"
    protocol: int
    memory: int
    """Resident bytes."""
    models: ModelPoolStatus
    faults: list[str]
    """Why an entry of the preload list failed."""


class RunRequest(BaseModel):
    """Run this flow run."""

    run_id: UUID
    environment: dict[str, str]
    """Laid over the child's own environment for this run."""
    folder: str
    """Working directory of the run."""


class RunOutcome(BaseModel):
    """A flow run has ended."""

    kind: Literal["outcome"] = "outcome"
    status: int
    """What its process would have exited with."""
    memory: int
    models: ModelPoolStatus


class Evicted(BaseModel):
    """Models were evicted while nothing ran."""

    kind: Literal["evicted"] = "evicted"
    memory: int
    models: ModelPoolStatus


Report = Annotated[Ready | RunOutcome | Evicted, Field(discriminator="kind")]
_reports: TypeAdapter[Ready | RunOutcome | Evicted] = TypeAdapter(Report)


def parse_report(line: bytes) -> Ready | RunOutcome | Evicted:
    """Return the message in one line of a child.

    Raises ``pydantic.ValidationError`` for anything else.
    """
    return _reports.validate_json(line)
