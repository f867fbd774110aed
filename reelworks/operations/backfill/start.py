"""Begin a backfill, take it up again, and write down what became of it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from reelworks.domain.jobs.backfill import Backfill, Limits, Plan, Report, Selection
from reelworks.domain.library.library import DEFAULT_LIBRARY
from reelworks.errors import SettingsError, UnknownBackfillError
from reelworks.operations.backfill.plan import Planner
from reelworks.operations.backfill.source_scan import root_of
from reelworks.pipeline.run_context import RunContext
from reelworks.store.jobs.backfill_begin import BackfillVideo, NewBackfill, begin_backfill
from reelworks.store.jobs.backfill_report import report_of
from reelworks.store.jobs.backfills import get_backfill, same_under_way
from reelworks.store.library.source_entries import SeenSource, remember_sources


@dataclass(frozen=True, slots=True)
class Request:
    """A backfill that somebody asks for."""

    selection: Selection
    limits: Limits
    backfill_id: str | None = None
    """The id of a new one, or of the one to go on with."""
    again: tuple[str, ...] = ()
    """Stages to run although their answers are kept."""
    requested_by: str | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """A backfill that is under way now."""

    backfill: Backfill
    plan: Plan | None
    """None when it was under way already and is gone on with."""


def new_backfill_id() -> str:
    """Return an id that says when it was made."""
    return f"bf-{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(3)}"


def normalized_source(selection: Selection) -> Selection:
    """Return the selection with its place's one name, so that equal ones are seen to be equal."""
    if selection.source is None:
        return selection
    return replace(selection, source=root_of(selection.source))


def start_backfill(
    ctx: RunContext, request: Request, progress: Callable[[int, int], None]
) -> Started:
    """Plan a backfill and put it into the ledger; go on with the same one if it is under way.

    The same is one with the id asked for or, without an id, with the same selection and not over.
    Raises ``SettingsError`` for a budget where a model's price is not known, and what
    ``Planner.plan`` raises.
    """
    selection = normalized_source(request.selection)
    there = _there(ctx, request.backfill_id, selection)
    if there is not None and (there.total or there.status.is_over):
        return Started(there, None)
    backfill_id = there.id if there else request.backfill_id or new_backfill_id()
    plan = Planner(ctx, progress).plan(selection, request.limits)
    require_known_prices(plan, request.limits)
    new = NewBackfill(
        id=backfill_id,
        selection=selection,
        limits=request.limits,
        plan=plan.summary() | {"to_do": sum(bool(line.todo) for line in plan.lines)},
        videos=[BackfillVideo(line.video_id, line.source) for line in plan.lines],
        recompute=request.again,
        requested_by=request.requested_by,
    )
    begun = begin_backfill(ctx.engine, new)
    _remember(ctx, selection, plan)
    return Started(begun, plan)


def _remember(ctx: RunContext, selection: Selection, plan: Plan) -> None:
    """Write down which video each file of the place is from now on."""
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
    remember_sources(ctx.engine, selection.library or DEFAULT_LIBRARY, seen)


def require_known_prices(plan: Plan, limits: Limits) -> None:
    """Raise ``SettingsError`` when a budget cannot be kept to, as a price is not known."""
    if limits.budget is not None and plan.unpriced:
        raise SettingsError(
            f"A budget needs the price of {plan.unpriced[0]}, which is not known: "
            "put it into a file and set MODEL_PRICES to that."
        )


def _there(ctx: RunContext, backfill_id: str | None, selection: Selection) -> Backfill | None:
    if backfill_id is None:
        return same_under_way(ctx.engine, selection)
    try:
        return get_backfill(ctx.engine, backfill_id)
    except UnknownBackfillError:
        return None


def report_key(backfill_id: str) -> str:
    """Return the store key of a backfill's report."""
    return f"reports/{backfill_id}.json"


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
    """Return the plan beside what was really needed, stage by stage."""
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
