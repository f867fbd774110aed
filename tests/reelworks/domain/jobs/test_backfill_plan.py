"""Plans of backfills: sums over videos and stages."""

from __future__ import annotations

import json
from decimal import Decimal

from reelworks.domain.jobs.backfill_plan import Plan, PlanLine, StagePlan, calls_of, stage_usage
from reelworks.domain.jobs.usage import Usage


def line(video_id: str, seconds: float, todo: tuple[str, ...], calls: int = 0) -> PlanLine:
    usage = {"vision": {"openai/m": Usage(calls=calls)}} if calls else {}
    return PlanLine(None, video_id, 1, seconds, False, (), todo, usage=usage)


def test_the_usage_of_a_stage_is_that_of_all_its_videos() -> None:
    lines = [line("a", 1, ("vision",), 2), line("b", 1, ("vision",), 3), line("c", 1, ())]
    assert stage_usage("vision", lines) == {"openai/m": Usage(calls=5)}
    assert stage_usage("transcribe", lines) == {}
    assert calls_of({"a": Usage(calls=2), "b": Usage(calls=4)}) == 6
    assert calls_of({}) == 0


def test_a_plan_sums_its_videos_and_the_prices_that_are_known() -> None:
    stages = (
        StagePlan("vision", 0, 2, 5, Decimal("0.25"), 30.04),
        StagePlan("embed", 1, 1, 1, None, 10.0),
    )
    lines = (line("a", 1800.0, ("vision",)), line("b", 5400.0, ()))
    plan = Plan(lines, stages, {"openai/m": Usage(calls=6)}, ("openai/n",), 4, 12.34)

    assert (plan.seconds, plan.cost) == (7200.0, Decimal("0.25"))
    summary = json.loads(json.dumps(plan.summary()))
    assert (summary["videos"], summary["hours"], summary["skipped"]) == (2, 2.0, 4)
    assert (summary["fully_cached"], summary["model_calls"], summary["cost"]) == (1, 6, "0.25")
    assert (summary["work_seconds"], summary["elapsed_seconds"]) == (40.0, 12.3)
    assert [stage["cost"] for stage in summary["stages"]] == ["0.25", None]
    assert summary["unpriced"] == ["openai/n"]
