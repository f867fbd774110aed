"""A plan's lines, rates and notes, without a library."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reelworks.domain.jobs.usage import Usage
from reelworks.operations.backfill.cache_status import CacheStatus
from reelworks.operations.backfill.candidates import Candidate
from reelworks.operations.backfill.estimate import FRAMES_PER_HOUR, TOKENS_PER_FRAME, Rates
from reelworks.operations.backfill.plan import BYTES_PER_SECOND, notes_of, plan_lines, rates_of
from reelworks.pipeline.planned_calls import ConfiguredModels
from reelworks.pipeline.spec import Stage
from reelworks.settings import Provider, Settings
from reelworks.store.library.work_history import History

HOUR = Candidate("hour", "/hour.mp4", 1000, 3600.0, "a" * 64, None)
UNREAD = Candidate("unread", "s3://b/unread.mp4", 1000, None, None, None)
CACHED = CacheStatus(frozenset(Stage), {"frames": 7})


def models(**values) -> ConfiguredModels:
    return ConfiguredModels.of(Settings(_env_file=None, **values))


def test_what_is_not_cached_is_to_do_in_the_order_of_the_table() -> None:
    status = CacheStatus(frozenset({"normalize", "ingest"}))
    (line,) = plan_lines([(HOUR, status)], Rates())

    assert line.cached == ("ingest", "normalize")
    assert line.todo == tuple(stage for stage in Stage if stage not in line.cached)
    assert set(line.work) == set(line.todo)


def test_a_stage_to_recompute_takes_its_dependants_along() -> None:
    rates = Rates(hosted={"vision": "openai/m"}, per_frame=Usage(calls=1))
    (line,) = plan_lines([(HOUR, CACHED)], rates, ["vision"])
    (untouched,) = plan_lines([(HOUR, CACHED)], rates)

    assert line.todo == ("vision", "embed_picture")
    assert line.usage == {"vision": {"openai/m": Usage(calls=7)}}
    assert (untouched.todo, untouched.work, untouched.usage) == ((), {}, {})


def test_an_unknown_length_is_estimated_by_the_others_or_by_a_usual_rate() -> None:
    known, guessed = plan_lines([(HOUR, CACHED), (replace(UNREAD, size=500), CACHED)], Rates())
    (alone,) = plan_lines([(UNREAD, CACHED)], Rates())

    assert (known.seconds, known.guessed) == (3600.0, False)
    assert (guessed.seconds, guessed.guessed) == (pytest.approx(1800.0), True)
    assert alone.seconds == pytest.approx(1000 / BYTES_PER_SECOND)


def test_only_hosted_models_are_in_the_rates() -> None:
    chosen = models(openai_api_key="k", vision_provider=Provider.OPENAI, vision_model="see-1")
    rates = rates_of(History(), chosen)

    assert rates.hosted == {"vision": "openai/see-1"}
    assert (rates.frames_per_hour, rates.per_frame) == (FRAMES_PER_HOUR, TOKENS_PER_FRAME)
    assert rates_of(History(), models()).hosted == {}


def test_a_library_s_past_goes_before_first_guesses() -> None:
    chosen = models(openai_api_key="k", vision_provider=Provider.OPENAI, vision_model="see-1")
    past = History(
        stage_seconds={"scenes": 1.0},
        frames_per_hour=10.0,
        segments_per_hour=20.0,
        per_call={"openai/see-1": Usage(calls=100, input_tokens=5000)},
    )
    rates = rates_of(past, chosen)

    assert (rates.stage_seconds, rates.frames_per_hour) == ({"scenes": 1.0}, 10.0)
    assert rates.segments_per_hour == 20.0
    assert rates.per_frame == Usage(calls=1, input_tokens=50)


def test_notes_say_what_is_estimated_and_what_was_not_read() -> None:
    lines = plan_lines([(HOUR, CACHED), (UNREAD, CacheStatus())], Rates())

    assert notes_of(lines, [HOUR, UNREAD], 2) == (
        "The length of 1 video is estimated from the size.",
        "The content of 1 video was not read, so cached stages are unknown.",
        "The time is for 2 runs at once on this machine.",
    )
    assert notes_of(lines[:1], [HOUR], 1) == ("The time is for 1 run at once on this machine.",)
    assert notes_of([], [], 1) == ()
