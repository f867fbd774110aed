"""What a video will take: seconds of work and calls of hosted models. Pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from reelworks.domain.jobs.backfill import (
    Limits,
    Plan,
    PlanLine,
    StagePlan,
    calls_of,
    summed,
)
from reelworks.domain.jobs.usage import Usage, add_up
from reelworks.pipeline.spec import Stage

SECONDS_PER_HOUR = {
    "ingest": 15.0,
    "extract_audio": 25.0,
    "normalize": 740.0,
    "transcribe": 280.0,
    "scenes": 120.0,
    "frames": 110.0,
    "vision": 250.0,
    "embed_speech": 8.0,
    "embed_picture": 6.0,
}
"""Seconds of work for an hour of video while a library has no past: local models on two cores
(the 60 s clip of ``make bench``, times 60)."""
FRAMES_PER_HOUR = 150.0
"""A frame for each scene, and each 30 s of a long one; repeated ones are left out."""
SEGMENTS_PER_HOUR = 700.0
PIECE_SECONDS = 600.0
"""Sound in one call of a hosted model (``reelworks.providers.openai.audio.MAX_SECONDS``)."""
TEXTS_IN_CALL = 256
TOKENS_PER_FRAME = Usage(calls=1, input_tokens=1400, output_tokens=350)
"""A 720p picture in full detail with our prompt and schema, and a description."""
TOKENS_PER_TEXT = 25
RUN_SECONDS = 8.0
"""What a run takes beside its stages: a process starts, imports and connects, and reports."""
_SPEECH = ("extract_audio", "transcribe", "embed_speech")
_PICTURE = ("normalize", "scenes", "frames", "vision", "embed_picture")

Price = Callable[[str, Usage], Decimal | None]


@dataclass(frozen=True, slots=True)
class Rates:
    """What one hour of video takes."""

    stage_seconds: Mapping[str, float] = field(default_factory=dict)
    """By stage; ``SECONDS_PER_HOUR`` where nothing is known."""
    frames_per_hour: float = FRAMES_PER_HOUR
    segments_per_hour: float = SEGMENTS_PER_HOUR
    per_frame: Usage = TOKENS_PER_FRAME
    hosted: Mapping[str, str] = field(default_factory=dict)
    """The hosted model (``provider/name``) of each stage that has one."""


def work_of(todo: Sequence[str], seconds: float, rates: Rates) -> dict[str, float]:
    """Return the seconds of work to expect of each stage of a video of that length."""
    per_hour = {**SECONDS_PER_HOUR, **rates.stage_seconds}
    return {stage: per_hour[stage] * seconds / 3600 for stage in todo}


def usage_of(
    todo: Sequence[str], seconds: float, items: Mapping[str, int], rates: Rates
) -> dict[str, dict[str, Usage]]:
    """Return what each stage will ask of its hosted model; ``items`` holds what is known."""
    hours = seconds / 3600
    frames = items.get("frames", math.ceil(rates.frames_per_hour * hours))
    segments = items.get("segments", math.ceil(rates.segments_per_hour * hours))
    sound = seconds * items.get("sound", 1)
    amounts = {
        "transcribe": Usage(calls=math.ceil(sound / PIECE_SECONDS), audio_seconds=sound),
        "vision": rates.per_frame.times(frames),
        "embed_speech": _of_texts(segments),
        "embed_picture": _of_texts(frames),
    }
    return {stage: {rates.hosted[stage]: amounts[stage]} for stage in todo if stage in rates.hosted}


def _of_texts(count: int) -> Usage:
    return Usage(calls=math.ceil(count / TEXTS_IN_CALL), input_tokens=count * TOKENS_PER_TEXT)


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which terms a plan is made."""

    limits: Limits
    runs_at_once: int
    """What the machines carry; ``limits.in_flight`` may be less."""
    calls_per_minute: Callable[[str], int | None] = lambda _: None
    """By provider."""


def plan_of(
    lines: Sequence[PlanLine],
    price: Price,
    terms: Terms,
    *,
    passed_over: int = 0,
    notes: tuple[str, ...] = (),
) -> Plan:
    """Add up the lines of a plan."""
    stages = tuple(_stage_plan(stage, lines, price) for stage in Stage)
    usage = add_up(*(summed(stage, lines) for stage in Stage))
    return Plan(
        lines=tuple(lines),
        stages=stages,
        usage=usage,
        unpriced=tuple(sorted(m for m, used in usage.items() if price(m, used) is None)),
        passed_over=passed_over,
        elapsed=elapsed_of(lines, usage, terms),
        notes=notes,
    )


def _stage_plan(stage: str, lines: Sequence[PlanLine], price: Price) -> StagePlan:
    usage = summed(stage, lines)
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
    alone = [_alone(line) for line in lines]
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


def _alone(line: PlanLine) -> float:
    """Return the seconds of a run of its own: speech and picture go side by side."""
    sides = (sum(line.work.get(stage, 0.0) for stage in side) for side in (_SPEECH, _PICTURE))
    return RUN_SECONDS + line.work.get("ingest", 0.0) + max(sides)
