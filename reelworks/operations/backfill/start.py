"""Start and resume of backfills, and their reports."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from reelworks.domain.artifact_keys import report_key
from reelworks.domain.jobs.backfill import Backfill, Limits, Report
from reelworks.domain.jobs.backfill_plan import Plan
from reelworks.domain.library.library import DEFAULT_LIBRARY
from reelworks.domain.library.selection import VideoSelection
from reelworks.errors import SettingsError, UnknownBackfillError
from reelworks.operations.backfill.known_content import join
from reelworks.operations.backfill.plan import Planner
from reelworks.operations.backfill.source_listing import root_of
from reelworks.pipeline.run_context import RunContext
from reelworks.store.jobs.backfill.backfills import get_backfill, same_under_way
from reelworks.store.jobs.backfill.begin import BackfillVideo, NewBackfill, begin_backfill
from reelworks.store.jobs.backfill.report import report_of
from reelworks.store.library.source_entries import (
    SeenSource,
    remember_copies,
    remember_sources,
    sources_of,
)


@dataclass(frozen=True, slots=True)
class Request:
    """Request to start or resume a backfill."""

    selection: VideoSelection
    limits: Limits
    backfill_id: str | None = None
    """Id of a new backfill, or of the one to resume."""
    recompute: tuple[str, ...] = ()
    """Stages to compute although they are cached."""
    requested_by: str | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """A backfill that has started."""

    backfill: Backfill
    plan: Plan | None
    """None when it had started before and is resumed."""


def new_backfill_id() -> str:
    """Return a new id, which includes today's date."""
    return f"bf-{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(3)}"


def normalized_source(selection: VideoSelection) -> VideoSelection:
    """Return the selection with a normalized source, so that equal ones compare equal."""
    if selection.source is None:
        return selection
    return replace(selection, source=root_of(selection.source))


def start_backfill(
    ctx: RunContext, request: Request, progress: Callable[[int, int], None]
) -> Started:
    """Plan a backfill and queue its jobs; resume the same one if it has started before.

    The same is the one with the requested id or, without an id, an unfinished one with the same
    selection. Raises ``SettingsError`` for a budget where a model's price is not known, and what
    ``Planner.plan`` raises.
    """
    selection = normalized_source(request.selection)
    existing = _existing(ctx, request.backfill_id, selection)
    if existing is not None and (existing.total or existing.status.is_over):
        return Started(existing, None)
    backfill_id = existing.id if existing else request.backfill_id or new_backfill_id()
    plan = Planner(ctx, progress).plan(selection, request.limits, request.recompute)
    require_known_prices(plan, request.limits)
    new = NewBackfill(
        id=backfill_id,
        selection=selection,
        limits=request.limits,
        plan=plan.summary() | {"to_do": sum(bool(line.todo) for line in plan.lines)},
        videos=[BackfillVideo(line.video_id, line.source) for line in plan.lines],
        recompute=request.recompute,
        requested_by=request.requested_by,
    )
    begun = begin_backfill(ctx.engine, new)
    _remember(ctx, selection, plan)
    return Started(begun, plan)


def _remember(ctx: RunContext, selection: VideoSelection, plan: Plan) -> None:
    """Remember which video each file of the source is from now on."""
    if selection.source is None:
        return
    seen = [
        SeenSource(
            locator=line.source,
            root=selection.source,
            size=line.size,
            stamp=line.stamp or "",
            sha256=line.sha256,
            seconds=None if line.guessed else line.seconds,
            video_id=line.video_id,
        )
        for line in plan.lines
        if line.source is not None
    ]
    library = selection.library or DEFAULT_LIBRARY
    remember_sources(ctx.engine, library, seen)
    remember_copies(ctx.engine, library)
    known = sources_of(ctx.engine, library, selection.source).values()  # those of the plan, too
    there = [one for one in known if one.gone_at is None]
    join(ctx, library, {one.locator: one.video_id for one in there if one.video_id is not None})


def require_known_prices(plan: Plan, limits: Limits) -> None:
    """Raise ``SettingsError`` when there is a budget but a model's price is unknown."""
    if limits.budget is not None and plan.unpriced:
        raise SettingsError(
            f"A budget needs the price of {plan.unpriced[0]}, which is unknown: "
            "put it into a TOML file and set MODEL_PRICES to that file."
        )


def _existing(
    ctx: RunContext, backfill_id: str | None, selection: VideoSelection
) -> Backfill | None:
    if backfill_id is None:
        return same_under_way(ctx.engine, selection)
    try:
        return get_backfill(ctx.engine, backfill_id)
    except UnknownBackfillError:
        return None


def write_report(ctx: RunContext, backfill_id: str) -> Report:
    """Write the report of a backfill as of now to the store, and return it."""
    report = report_of(ctx.engine, backfill_id)
    content = json.dumps(report_json(report), indent=2).encode()
    ctx.store.put_bytes(report_key(backfill_id), content, "application/json")
    return report


def report_json(report: Report) -> dict[str, Any]:
    """Return a report as JSON values."""
    one = report.backfill
    return {
        "id": one.id,
        "status": one.status.value,
        "reason": one.reason,
        "created_at": one.created_at.isoformat(),
        "ended_at": one.ended_at.isoformat() if one.ended_at else None,
        "selection": one.selection.to_dict(),
        "limits": one.limits.to_dict(),
        "jobs": {status.value: number for status, number in one.jobs.items()},
        "hours": round(report.hours, 4),
        "cost": str(one.cost),
        "unpriced": list(report.unpriced),
        "usage": {model: usage.to_dict() for model, usage in report.usage.items()},
        "stages": {
            stage: {"seconds": round(seconds, 2), "computed": report.computed.get(stage, 0)}
            for stage, seconds in report.stage_seconds.items()
        },
        "plan": dict(one.plan),
        "failures": [
            {name: getattr(failed, name) for name in type(failed).__dataclass_fields__}
            for failed in report.failures
        ],
    }


def plan_vs_actual(report: Report) -> list[Mapping[str, Any]]:
    """Return planned and actual stage counts and seconds, one row per stage."""
    return [
        {
            "stage": planned["stage"],
            "planned to do": planned["todo"],
            "computed": report.computed.get(planned["stage"], 0),
            "planned seconds": round(planned["seconds"], 1),
            "seconds": round(report.stage_seconds.get(planned["stage"], 0.0), 1),
        }
        for planned in report.backfill.plan.get("stages", ())
    ]
