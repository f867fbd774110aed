"""Backfills: limits are stored without loss, and jobs are counted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from reelworks.domain.jobs.backfill import IN_FLIGHT, Backfill, BackfillStatus, Limits
from reelworks.domain.jobs.job import JobStatus
from reelworks.domain.library.selection import VideoSelection

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "limits",
    [Limits(), Limits(3, 40, Decimal("12.340"), 60), Limits(budget=Decimal(0))],
)
def test_limits_come_back_from_json(limits: Limits) -> None:
    stored = json.loads(json.dumps(limits.to_dict()))
    assert Limits.from_dict(stored) == limits
    assert str(Limits.from_dict(stored).budget) == str(limits.budget)


def test_unknown_limits_are_ignored_and_missing_ones_are_the_defaults() -> None:
    assert Limits.from_dict({"of_a_later_release": 1}) == Limits(in_flight=IN_FLIGHT)


def test_jobs_are_counted_and_those_that_are_over_are_not_left() -> None:
    jobs = {
        JobStatus.QUEUED: 5,
        JobStatus.RUNNING: 2,
        JobStatus.DONE: 10,
        JobStatus.FAILED: 3,
        JobStatus.CANCELLED: 1,
    }
    backfill = Backfill(
        id="bf",
        selection=VideoSelection(),
        limits=Limits(),
        plan={},
        status=BackfillStatus.RUNNING,
        reason=None,
        created_at=NOW,
        ended_at=None,
        jobs=jobs,
        cost=Decimal(0),
    )
    assert (backfill.total, backfill.left) == (21, 7)


def test_a_backfill_that_stopped_or_is_paused_may_go_on() -> None:
    over = {status for status in BackfillStatus if status.is_over}
    assert over == {BackfillStatus.DONE, BackfillStatus.CANCELLED}
