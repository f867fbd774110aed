"""Backfill requests and reports as values: normalized sources, prices, plan against actual."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from reelworks.domain.jobs.backfill import (
    Backfill,
    BackfillStatus,
    FailedVideo,
    Limits,
    Report,
)
from reelworks.domain.jobs.backfill_plan import Plan
from reelworks.domain.jobs.job import JobStatus
from reelworks.domain.jobs.usage import Usage
from reelworks.domain.library.selection import VideoSelection
from reelworks.errors import InputError, SettingsError
from reelworks.operations.backfill.start import (
    new_backfill_id,
    normalized_source,
    plan_vs_actual,
    report_json,
    require_known_prices,
)

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def plan(*unpriced: str) -> Plan:
    return Plan((), (), {}, tuple(unpriced), skipped=0, elapsed=0.0)


def report(planned: list[dict[str, object]]) -> Report:
    backfill = Backfill(
        id="bf-1",
        selection=VideoSelection(),
        limits=Limits(budget=Decimal("2.50")),
        plan={"stages": planned},
        status=BackfillStatus.DONE,
        reason=None,
        created_at=NOON,
        ended_at=None,
        jobs={JobStatus.DONE: 3},
        cost=Decimal("1.25"),
    )
    return Report(
        backfill=backfill,
        hours=1.23456,
        failures=(FailedVideo("job-1", "v", "/v.mp4", "vision", "no_space", "Full.", 2),),
        stage_seconds={"vision": 12.345},
        computed={"vision": 2},
        usage={"openai/m": Usage(calls=4)},
        unpriced=(),
    )


def test_a_source_has_one_name() -> None:
    named = [
        normalized_source(VideoSelection(source=one)).source for one in ("s3://b/x", "s3://b/x//")
    ]
    assert named == ["s3://b/x/"] * 2
    assert normalized_source(VideoSelection(source="films")).source == str(Path("films").absolute())
    assert normalized_source(VideoSelection()) == VideoSelection()
    with pytest.raises(InputError, match=r"http://h/x is neither a folder nor an s3://bucket/"):
        normalized_source(VideoSelection(source="http://h/x"))
    with pytest.raises(InputError, match="s3:///x is not an S3 address"):
        normalized_source(VideoSelection(source="s3:///x"))


def test_a_budget_needs_every_price() -> None:
    require_known_prices(plan("openai/new"), Limits())
    require_known_prices(plan(), Limits(budget=Decimal(1)))
    with pytest.raises(SettingsError, match="the price of openai/new, which is unknown"):
        require_known_prices(plan("openai/new"), Limits(budget=Decimal(1)))


def test_plan_and_actual_stand_side_by_side_by_stage() -> None:
    rows = plan_vs_actual(
        report(
            [
                {"stage": "scenes", "todo": 3, "seconds": 6.04},
                {"stage": "vision", "todo": 3, "seconds": 20.0},
            ]
        )
    )
    assert rows == [
        {
            "stage": "scenes",
            "planned to do": 3,
            "computed": 0,
            "planned seconds": 6.0,
            "seconds": 0.0,
        },
        {
            "stage": "vision",
            "planned to do": 3,
            "computed": 2,
            "planned seconds": 20.0,
            "seconds": 12.3,
        },
    ]
    assert plan_vs_actual(report([])) == []


def test_a_report_is_json_values() -> None:
    shown = report_json(report([]))

    assert (shown["status"], shown["cost"], shown["hours"]) == ("done", "1.25", 1.2346)
    assert shown["stages"] == {"vision": {"seconds": 12.35, "computed": 2}}
    assert shown["limits"]["budget"] == "2.50"
    assert shown["failures"][0]["code"] == "no_space"
    assert (shown["created_at"], shown["ended_at"]) == (NOON.isoformat(), None)


def test_an_id_says_its_day_and_is_new_each_time() -> None:
    one, other = new_backfill_id(), new_backfill_id()
    assert re.fullmatch(r"bf-\d{8}-[0-9a-f]{6}", one)
    assert one != other
