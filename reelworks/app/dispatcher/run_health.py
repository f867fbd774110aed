"""Classification of flow runs whose job has sent no heartbeat for a whole lease."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from prefect.client.schemas.objects import FlowRun, State, StateType

from infra.fleet.plan import STOPPED
from reelworks.domain.printable import one_line

CANCELLED_IN_PREFECT = "Its flow run was cancelled in Prefect."
DELETED = "Its flow run was deleted on the Prefect server."
LONGEST_REASON = 1000
"""Characters of a reason that a job's row keeps."""


class RunHealth(Enum):
    """The state of a flow run, as its job's dispatcher sees it."""

    WAITING = auto()
    """Queued, or started too recently to have sent a heartbeat."""
    LOST = auto()
    """Its process is gone, or it ended without reporting to its job."""
    REQUEUED = auto()
    """Stopped on purpose, or deleted, before it did anything: this costs the job no attempt."""
    DONE = auto()
    CANCELLED = auto()


@dataclass(frozen=True, slots=True)
class RunReport:
    """The health of a flow run, and the reason."""

    health: RunHealth
    reason: str = ""
    recheck_soon: bool = False
    """True while a run is being cancelled, which takes a moment."""


def classify(run: FlowRun, now: datetime, patience: float) -> RunReport:
    """Return the health of a run whose job has sent no heartbeat in time.

    ``patience`` is how many seconds may pass from a run's last change of state to its first
    heartbeat.
    """
    state: State[Any] | None = run.state
    if state is None or state.type is StateType.SCHEDULED:
        return RunReport(RunHealth.WAITING)
    if state.is_final():
        return _classify_ended(state)
    if now - state.timestamp < timedelta(seconds=patience):
        return RunReport(RunHealth.WAITING, recheck_soon=state.type is StateType.CANCELLING)
    if state.type is StateType.CANCELLING:  # its process died before it could end the run
        return RunReport(RunHealth.CANCELLED, CANCELLED_IN_PREFECT)
    return RunReport(RunHealth.LOST, "The process of its flow run is gone.")


def _classify_ended(state: State[Any]) -> RunReport:
    if state.type is StateType.COMPLETED:
        return RunReport(RunHealth.DONE)
    if state.type is StateType.CANCELLED:
        if state.message == STOPPED:
            return RunReport(RunHealth.REQUEUED, STOPPED)
        return RunReport(RunHealth.CANCELLED, CANCELLED_IN_PREFECT)
    message = one_line(state.message or "").rstrip(".") or "no reason given"
    return RunReport(RunHealth.LOST, f"Its flow run {state.name}: {message}."[:LONGEST_REASON])


def classify_deleted(*, started: bool) -> RunReport:
    """Return the health of a run that Prefect no longer has; ``started``: its job had begun."""
    return RunReport(RunHealth.LOST if started else RunHealth.REQUEUED, DELETED)
