"""Classification of silent flow runs, without a server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun, State, StateType

from infra.fleet.plan import STOPPED
from reelworks.app.dispatcher.run_health import (
    CANCELLED_IN_PREFECT,
    DELETED,
    LONGEST_REASON,
    RunHealth,
    RunReport,
    classify,
    classify_deleted,
)

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
PATIENCE = 60.0


def run(kind: StateType, message: str | None = None, age: float = 0.0) -> FlowRun:
    """A flow run whose state changed ``age`` seconds ago."""
    state = State(type=kind, timestamp=NOW - timedelta(seconds=age), message=message)
    return FlowRun(id=uuid4(), flow_id=uuid4(), state=state)


def report(kind: StateType, message: str | None = None, age: float = 0.0) -> RunReport:
    return classify(run(kind, message, age), NOW, PATIENCE)


def test_a_queued_run_waits_however_old_it_is():
    assert report(StateType.SCHEDULED, age=1e6) == RunReport(RunHealth.WAITING)
    assert classify(FlowRun(flow_id=uuid4()), NOW, PATIENCE) == RunReport(RunHealth.WAITING)


@pytest.mark.parametrize("kind", [StateType.PENDING, StateType.RUNNING, StateType.PAUSED])
def test_a_started_run_waits_until_its_patience_is_over_and_is_lost_then(kind):
    assert report(kind, age=59.9) == RunReport(RunHealth.WAITING)
    lost = report(kind, age=60.0)
    assert lost == RunReport(RunHealth.LOST, "The process of its flow run is gone.")


def test_a_completed_run_is_done():
    assert report(StateType.COMPLETED) == RunReport(RunHealth.DONE)


def test_a_run_that_a_user_cancelled_is_cancelled_and_one_that_a_stop_cancelled_is_requeued():
    assert report(StateType.CANCELLED) == RunReport(RunHealth.CANCELLED, CANCELLED_IN_PREFECT)
    assert report(StateType.CANCELLED, STOPPED) == RunReport(RunHealth.REQUEUED, STOPPED)


def test_a_run_that_is_being_cancelled_is_looked_at_again_soon_and_cancelled_when_it_stays_silent():
    soon = report(StateType.CANCELLING, age=1.0)
    assert soon == RunReport(RunHealth.WAITING, recheck_soon=True)
    silent = report(StateType.CANCELLING, age=61.0)
    assert silent == RunReport(RunHealth.CANCELLED, CANCELLED_IN_PREFECT)


@pytest.mark.parametrize(("kind", "name"), [("FAILED", "Failed"), ("CRASHED", "Crashed")])
def test_a_run_that_ended_without_reporting_is_lost_with_its_message_in_one_line(kind, name):
    lost = report(StateType[kind], "first\nsecond.")
    assert (lost.health, lost.reason.startswith(f"Its flow run {name}: first")) == (
        RunHealth.LOST,
        True,
    )
    assert "\n" not in lost.reason
    assert lost.reason.endswith("second.")
    assert report(StateType[kind]).reason == f"Its flow run {name}: no reason given."
    assert len(report(StateType[kind], "x" * 5000).reason) == LONGEST_REASON


def test_a_deleted_run_costs_an_attempt_only_if_it_had_started():
    assert classify_deleted(started=True) == RunReport(RunHealth.LOST, DELETED)
    assert classify_deleted(started=False) == RunReport(RunHealth.REQUEUED, DELETED)
