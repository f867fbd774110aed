"""What earlier jobs tell of durations and usage, and which rows older models made."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from reelworks.domain.digest import ModelRef
from reelworks.domain.jobs.usage import Usage
from reelworks.domain.library.selection import VideoSelection
from reelworks.domain.video.transcript import Transcript
from reelworks.domain.video.vision import VisionResult
from reelworks.store.db.database import transaction
from reelworks.store.library.work_history import (
    History,
    read_history,
    video_facts,
    with_outdated_models,
)
from tests.support.published import EMBEDDED, HEARD, SEEN, TALK, described, publish_all


@pytest.fixture(autouse=True)
def empty(engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(text("TRUNCATE videos, jobs CASCADE"))


def model(name: str) -> ModelRef:
    provider, _, rest = name.partition("/")
    short, _, revision = rest.partition("@")
    return ModelRef(provider, short, revision)


def test_an_empty_library_tells_nothing(engine: Engine) -> None:
    assert read_history(engine) == History()
    assert video_facts(engine) == []


def test_means_are_of_what_was_computed(engine: Engine) -> None:
    publish_all(engine, "v", TALK, described("one", "two"))  # six seconds of video
    progress = (
        '{"vision": {"state": "done", "seconds": 12}, "ingest": {"state": "cached", "seconds": 9}}'
    )
    usage = '{"openai/m": {"calls": 4, "input_tokens": 100}}'
    with transaction(engine) as connection:
        for job_id, status in (("a", "done"), ("b", "failed")):
            connection.execute(
                text(
                    "INSERT INTO jobs (id, video_id, status, progress, usage)"
                    " VALUES (:id, 'v', :status, :progress, :usage)"
                ),
                {"id": job_id, "status": status, "progress": progress, "usage": usage},
            )
    history = read_history(engine)

    assert history.stage_seconds == {"vision": pytest.approx(3600 * 12 / 6)}
    assert history.frames_per_hour == pytest.approx(600), "one of two frames is a duplicate"
    assert history.segments_per_hour == pytest.approx(1800)
    assert history.per_call == {"openai/m": Usage(calls=100, input_tokens=2500)}


def test_videos_whose_rows_another_model_made_are_found(engine: Engine) -> None:
    publish_all(engine, "v", TALK, described("one"))
    publish_all(engine, "silent", Transcript(None), VisionResult())
    current = {"transcribe": model(HEARD), "vision": model(SEEN), "embed": model(EMBEDDED)}

    assert with_outdated_models(engine, current) == set()
    for stage, name in (
        ("transcribe", "local/whisper-large@1"),
        ("vision", "local/rapidocr@4"),
        ("embed", "openai/m@1536d"),
    ):
        assert with_outdated_models(engine, current | {stage: model(name)}) == {"v"}


def test_facts_of_one_library_or_of_all(engine: Engine) -> None:
    publish_all(engine, "v", TALK, VisionResult())
    (fact,) = video_facts(engine, VideoSelection(library="default"))
    assert (fact.video_id, fact.was_ready, fact.sha256, fact.seconds) == ("v", True, "ab", 6.0)
    assert video_facts(engine, VideoSelection(library="films")) == []
    assert video_facts(engine) == [fact]
