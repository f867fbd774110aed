"""Estimate of a backfill: seconds of work and usage of hosted models. Pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from reelworks.domain.capabilities import Capability
from reelworks.domain.jobs.backfill import Limits
from reelworks.domain.jobs.backfill_plan import Plan, PlanLine, StagePlan, calls_of, stage_usage
from reelworks.domain.jobs.usage import NOTHING, Usage, add_up
from reelworks.pipeline.spec import STAGES, Stage, StageSpec, spec_of

FRAMES_PER_HOUR = 150.0
"""A frame for each scene, and each 30 s of a long one; repeated ones are left out."""
SEGMENTS_PER_HOUR = 700.0
PIECE_SECONDS = 600.0
"""Seconds of audio in one hosted call (``reelworks.providers.openai.audio.MAX_SECONDS``)."""
TEXTS_IN_CALL = 256
TOKENS_PER_FRAME = Usage(calls=1, input_tokens=1400, output_tokens=350)
"""A 720p frame in full detail with our prompt and schema, and its description."""
TOKENS_PER_TEXT = 25
RUN_SECONDS = 8.0
"""Overhead of a run: a process starts, imports and connects, and reports."""
Price = Callable[[str, Usage], Decimal | None]


@dataclass(frozen=True, slots=True)
class Rates:
    """Typical amounts per hour of video."""

    stage_seconds: Mapping[str, float] = field(default_factory=dict)
    """By stage; the table's ``seconds_per_hour`` where nothing is known."""
    frames_per_hour: float = FRAMES_PER_HOUR
    segments_per_hour: float = SEGMENTS_PER_HOUR
    per_frame: Usage = TOKENS_PER_FRAME
    hosted: Mapping[str, str] = field(default_factory=dict)
    """The hosted model (``provider/name``) of each stage that has one."""


def work_of(todo: Sequence[str], seconds: float, rates: Rates) -> dict[str, float]:
    """Return the seconds of work to expect of each stage of a video of that length."""
    return {
        stage: rates.stage_seconds.get(stage, spec_of(stage).seconds_per_hour) * seconds / 3600
        for stage in todo
    }


def usage_of(
    todo: Sequence[str], seconds: float, items: Mapping[str, int], rates: Rates
) -> dict[str, dict[str, Usage]]:
    """Return the usage to expect of each stage's hosted model.

    ``items`` holds known amounts (``CacheStatus.items``); rates stand in for the others.
    """
    hours = seconds / 3600
    amounts = Amounts(
        audio_seconds=seconds * items.get("sound", 1),
        frames=items.get("frames", math.ceil(rates.frames_per_hour * hours)),
        segments=items.get("segments", math.ceil(rates.segments_per_hour * hours)),
    )
    return {
        stage: {rates.hosted[stage]: hosted_usage(spec_of(stage), amounts, rates.per_frame)}
        for stage in todo
        if stage in rates.hosted
    }


@dataclass(frozen=True, slots=True)
class Amounts:
    """What of a video hosted models may be sent."""

    audio_seconds: float
    frames: int
    segments: int


def hosted_usage(spec: StageSpec, amounts: Amounts, per_frame: Usage) -> Usage:
    """Return the usage of a stage whose capability is hosted, by what the stage sends."""
    match spec.hosted_items:
        case "audio":
            calls = math.ceil(amounts.audio_seconds / PIECE_SECONDS)
            return Usage(calls=calls, audio_seconds=amounts.audio_seconds)
        case "frames":
            count = amounts.frames
        case "segments":
            count = amounts.segments
        case None:
            return NOTHING
    return per_frame.times(count) if spec.capability is Capability.VISION else _of_texts(count)


def _of_texts(count: int) -> Usage:
    return Usage(calls=math.ceil(count / TEXTS_IN_CALL), input_tokens=count * TOKENS_PER_TEXT)


@dataclass(frozen=True, slots=True)
class Terms:
    """Limits that a plan is made for."""

    limits: Limits
    runs_at_once: int
    """Runs that the machines can carry; ``limits.in_flight`` may be less."""
    calls_per_minute: Callable[[str], int | None] = lambda _: None
    """By provider."""


def plan_of(
    lines: Sequence[PlanLine],
    price: Price,
    terms: Terms,
    *,
    skipped: int = 0,
    notes: tuple[str, ...] = (),
) -> Plan:
    """Add up the lines of a plan."""
    stages = tuple(_stage_plan(stage, lines, price) for stage in Stage)
    usage = add_up(*(stage_usage(stage, lines) for stage in Stage))
    return Plan(
        lines=tuple(lines),
        stages=stages,
        usage=usage,
        unpriced=tuple(sorted(m for m, used in usage.items() if price(m, used) is None)),
        skipped=skipped,
        elapsed=elapsed_of(lines, usage, terms),
        notes=notes,
    )


def _stage_plan(stage: str, lines: Sequence[PlanLine], price: Price) -> StagePlan:
    usage = stage_usage(stage, lines)
    costs = [price(model, used) for model, used in usage.items()]
    known = [cost for cost in costs if cost is not None]
    return StagePlan(
        stage=stage,
        cached=sum(stage in line.cached for line in lines),
        todo=sum(stage in line.todo for line in lines),
        calls=calls_of(usage),
        cost=sum(known, Decimal(0)) if len(known) == len(costs) else None,
        seconds=sum(line.work.get(stage, 0.0) for line in lines),
    )


def elapsed_of(lines: Sequence[PlanLine], usage: Mapping[str, Usage], terms: Terms) -> float:
    """Return the seconds from start to end: whichever limit takes longest."""
    limits = terms.limits
    alone = [run_seconds(line.work) for line in lines]
    if not alone:
        return 0.0
    at_once = max(1, min(limits.in_flight, terms.runs_at_once))
    bounds = [sum(alone) / at_once, max(alone)]
    if limits.per_hour:
        bounds.append(3600.0 * ((len(alone) - 1) // limits.per_hour))
    calls: dict[str, int] = {}
    for model, used in usage.items():
        provider = model.partition("/")[0]
        calls[provider] = calls.get(provider, 0) + used.calls
    for provider, number in calls.items():
        rates = (limits.calls_per_minute, terms.calls_per_minute(provider))
        bounds += [60.0 * number / rate for rate in rates if rate]
    return max(bounds)


def run_seconds(work: Mapping[str, float]) -> float:
    """Return the seconds of one run on its own: ``work`` along the longest path of stages.

    Stages that do not need each other run side by side.
    """
    end: dict[Stage, float] = {}
    for spec in STAGES:
        start = max((end[need] for need in spec.needs), default=0.0)
        end[spec.name] = start + work.get(spec.name, 0.0)
    return RUN_SECONDS + max(end.values())
