"""What a plan expects: sums, hosted calls and the limit that takes longest."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.jobs.backfill import Limits
from reelworks.domain.jobs.backfill_plan import PlanLine
from reelworks.domain.jobs.usage import Usage
from reelworks.operations.backfill.estimate import (
    RUN_SECONDS,
    Amounts,
    Rates,
    Terms,
    elapsed_of,
    hosted_usage,
    plan_of,
    run_seconds,
    usage_of,
    work_of,
)
from reelworks.pipeline.spec import STAGES, Stage, spec_of

HOSTED = Rates(
    hosted={
        "transcribe": "openai/whisper-1",
        "vision": "openai/gpt-6-luna",
        "embed_speech": "openai/e",
        "embed_picture": "openai/e",
    }
)


def line(seconds: float = 3600.0, todo=Stage, rates: Rates = HOSTED) -> PlanLine:
    return PlanLine(
        source="/a.mp4",
        video_id="a",
        size=1,
        seconds=seconds,
        guessed=False,
        cached=tuple(stage for stage in Stage if stage not in todo),
        todo=tuple(todo),
        work=work_of(todo, seconds, rates),
        usage=usage_of(todo, seconds, {}, rates),
    )


def price(model: str, usage: Usage) -> Decimal | None:
    return None if model == "openai/e" else Decimal(usage.calls)


def test_every_stage_has_a_first_guess() -> None:
    assert {spec.name for spec in STAGES if spec.seconds_per_hour > 0} == set(Stage)


def test_hosted_calls_follow_from_length_and_what_is_known() -> None:
    usage = usage_of(Stage, 1801.0, {"frames": 7, "segments": 257}, HOSTED)

    assert usage["transcribe"]["openai/whisper-1"] == Usage(calls=4, audio_seconds=1801.0)
    assert usage["vision"]["openai/gpt-6-luna"].calls == 7
    assert usage["embed_speech"]["openai/e"].calls == 2
    assert usage["embed_picture"]["openai/e"].calls == 1


def test_a_video_without_sound_asks_nobody_to_listen() -> None:
    usage = usage_of(Stage, 600.0, {"sound": 0}, HOSTED)
    assert usage["transcribe"]["openai/whisper-1"] == Usage()


def test_local_models_are_nobodys_calls() -> None:
    assert usage_of(Stage, 600.0, {}, Rates()) == {}


def test_the_past_goes_before_first_guesses() -> None:
    work = work_of(("normalize", "vision"), 7200.0, Rates(stage_seconds={"vision": 10.0}))
    assert work == {"normalize": 2 * spec_of("normalize").seconds_per_hour, "vision": 20.0}


def test_a_plan_adds_up_and_says_what_it_cannot_price() -> None:
    lines = [line(), line(todo=("vision",)), line(todo=())]
    plan = plan_of(lines, price, Terms(Limits(), 1), skipped=3)

    stages = {one.stage: one for one in plan.stages}
    assert (stages["vision"].cached, stages["vision"].todo) == (1, 2)
    assert stages["vision"].cost == 300
    assert stages["embed_speech"].cost is None
    assert plan.unpriced == ("openai/e",)
    assert plan.cost == 306, "two times 150 frames and six pieces of sound"
    assert plan.summary()["fully_cached"] == 1
    assert plan.summary()["hours"] == 3.0


@given(st.integers(1, 30), st.integers(1, 10), st.integers(1, 10))
def test_time_is_the_limit_that_takes_longest(videos: int, at_once: int, machine: int) -> None:
    lines = [line(60.0, rates=Rates())] * videos
    alone = elapsed_of(lines[:1], {}, Terms(Limits(in_flight=1), 1))
    elapsed = elapsed_of(lines, {}, Terms(Limits(in_flight=at_once), machine))

    assert elapsed == pytest.approx(max(alone, videos * alone / min(at_once, machine)))
    assert alone > RUN_SECONDS


def test_starts_in_an_hour_and_calls_in_a_minute_are_limits_too() -> None:
    lines = [line(1.0)] * 10
    calls = {"openai/gpt-6-luna": Usage(calls=600)}
    slow = Terms(Limits(in_flight=100, per_hour=2), 100)
    paced = Terms(Limits(in_flight=100, calls_per_minute=10), 100)

    assert elapsed_of(lines, {}, slow) == 4 * 3600
    assert elapsed_of(lines, calls, paced) == 3600
    assert elapsed_of(lines, calls, Terms(Limits(in_flight=100), 100, lambda _: 5)) == 7200
    assert elapsed_of([], {}, slow) == 0


@pytest.mark.parametrize(
    ("work", "path"),
    [
        ({}, 0.0),
        ({"ingest": 1.0, "extract_audio": 2.0, "transcribe": 4.0, "embed_speech": 8.0}, 15.0),
        ({"ingest": 1.0, "normalize": 2.0, "scenes": 4.0, "frames": 8.0, "vision": 16.0}, 31.0),
        ({"transcribe": 50.0, "normalize": 20.0, "vision": 20.0}, 50.0),
        ({"embed_speech": 9.0, "embed_picture": 3.0}, 9.0),
    ],
)
def test_a_run_takes_as_long_as_its_longest_path(work: dict[str, float], path: float) -> None:
    assert run_seconds(work) == pytest.approx(RUN_SECONDS + path)


@pytest.mark.parametrize(
    ("stage", "usage"),
    [
        ("transcribe", Usage(calls=3, audio_seconds=1201.0)),
        ("vision", Usage(calls=7, input_tokens=70)),
        ("embed_speech", Usage(calls=2, input_tokens=257 * 25)),
        ("embed_picture", Usage(calls=1, input_tokens=7 * 25)),
        ("frames", Usage()),
    ],
)
def test_a_stage_is_paid_for_what_it_sends(stage: str, usage: Usage) -> None:
    amounts = Amounts(audio_seconds=1201.0, frames=7, segments=257)
    assert hosted_usage(spec_of(stage), amounts, Usage(calls=1, input_tokens=10)) == usage


@given(st.floats(0.0, 1e6), st.floats(0.0, 1e6))
def test_work_grows_with_the_length(one: float, other: float) -> None:
    rates = Rates(stage_seconds={"vision": 100.0})
    short, long = (sum(work_of(Stage, length, rates).values()) for length in sorted((one, other)))
    assert short <= long
