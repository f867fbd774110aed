"""Lines and rows of plans, backfills and reports."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from reelworks.app.cli.backfill_tables import (
    MOST_NOTES,
    backfill_json,
    backfill_row,
    cost_line,
    line_json,
    plan_headline,
    plan_notes,
    planned_and_actual,
    stage_row,
    usage_lines,
)
from reelworks.app.cli.progress_bars import backfill_text
from reelworks.domain.jobs.backfill import Backfill, BackfillStatus, Limits, Report
from reelworks.domain.jobs.backfill_plan import Plan, PlanLine, StagePlan
from reelworks.domain.jobs.job import JobStatus
from reelworks.domain.jobs.usage import Usage
from reelworks.domain.library.selection import VideoSelection

NOW = datetime(2026, 11, 27, tzinfo=UTC)
CACHED = PlanLine("/a.mp4", "a", 7, 5400.0, False, ("ingest",), ())
TO_DO = PlanLine("/b.mp4", "b", 9, 1800.0, True, (), ("ingest",), note="b.mp4 is empty.")
VISION = StagePlan("vision", 1, 2, 30, Decimal("1.5"), 600.0)
PLAN = Plan(
    (CACHED, TO_DO),
    (VISION,),
    {"gpt": Usage(calls=30, input_tokens=12_000)},
    (),
    3,
    elapsed=7200.0,
    notes=("The store is slow.",),
)
BACKFILL = Backfill(
    "bf-1",
    VideoSelection(),
    Limits(),
    {"cost": "1.5", "stages": [{"stage": "vision", "todo": 2, "seconds": 600.0}]},
    BackfillStatus.RUNNING,
    None,
    NOW,
    None,
    dict.fromkeys(JobStatus, 0) | {JobStatus.DONE: 2, JobStatus.FAILED: 1},
    Decimal("0.25"),
)


def test_a_plan_begins_with_its_videos():
    assert "".join(plan_headline(PLAN)) == (
        "2 videos, 2.0 hours of video; 1 fully cached; 3 found but not selected."
    )
    assert plan_headline(replace(PLAN, lines=(CACHED,)))[0] == "1 video"


@pytest.mark.parametrize(
    ("stage", "row"),
    [
        (VISION, ("vision", "1", "2", "30", "$1.50", "10.0 min")),
        (replace(VISION, cost=None), ("vision", "1", "2", "30", "unknown", "10.0 min")),
        (
            StagePlan("scenes", 2, 0, 0, Decimal(0), 0.0),
            ("scenes", "2", "0", "", "", ""),
        ),
    ],
)
def test_a_stage_shows_only_what_it_has(stage, row):
    assert stage_row(stage) == row


def test_the_cost_of_a_plan_names_budget_and_unknown_prices():
    assert cost_line(PLAN, Limits()) == "Cost: $1.50. Time: about 2.0 h."
    line = cost_line(replace(PLAN, unpriced=("gpt",)), Limits(budget=Decimal(20)))
    assert line == ("Cost: $1.50 (some prices are unknown). Budget: $20.00. Time: about 2.0 h.")


def test_usage_is_a_line_for_each_model():
    (line,) = usage_lines(PLAN)
    assert line.startswith("gpt: ")
    assert "30 calls" in line
    assert "12,000 input tokens" in line


def test_notes_are_prices_then_the_plan_s_own_then_warnings_up_to_a_limit():
    assert list(plan_notes(replace(PLAN, unpriced=("gpt",)))) == [
        "The price of gpt is not known; set MODEL_PRICES to count it.",
        "The store is slow.",
        "b.mp4 is empty.",
    ]
    many = list(plan_notes(replace(PLAN, lines=(TO_DO,) * (MOST_NOTES + 5))))
    assert len(many) == 1 + MOST_NOTES + 1
    assert many[-1] == "5 more have warnings; see --json."


def test_a_backfill_is_one_row():
    assert backfill_row(BACKFILL) == (
        "bf-1", "running", "3", "0", "1", "$0.2500", "library (all)",
    )  # fmt: skip
    of_folder = replace(BACKFILL, selection=VideoSelection(source="/films", library="films"))
    assert backfill_row(of_folder)[-1] == "/films"
    of_library = replace(BACKFILL, selection=VideoSelection(library="films"))
    assert backfill_row(of_library)[-1] == "library films"


def test_the_progress_of_a_backfill_is_status_failures_and_cost():
    assert backfill_text(BACKFILL) == "running, 1 failed, $0.2500"


def test_a_report_compares_each_planned_stage_with_what_was_computed():
    report = Report(BACKFILL, 0.5, (), {"vision": 90.0}, {"vision": 1}, {}, ())
    assert list(planned_and_actual(report)) == [("vision", "2", "1", "10.0 min", "90.0 s")]
    nothing = Report(BACKFILL, 0.0, (), {}, {}, {}, ())
    assert list(planned_and_actual(nothing)) == [("vision", "2", "0", "10.0 min", "0.0 s")]


def test_plans_and_backfills_as_json():
    assert line_json(TO_DO) == {
        "source": "/b.mp4",
        "video_id": "b",
        "bytes": 9,
        "seconds": 1800.0,
        "guessed": True,
        "cached": [],
        "todo": ["ingest"],
        "note": "b.mp4 is empty.",
    }
    found = backfill_json(BACKFILL)
    assert (found["status"], found["cost"], found["ended_at"]) == ("running", "0.25", None)
    assert found["jobs"]["failed"] == 1
