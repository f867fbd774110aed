"""The index flow with hosted models over the real wire format: calls, faults, retries."""

from __future__ import annotations

import pytest

from reelworks.domain.jobs.report import StageState
from tests.support.flows.library import video
from tests.support.openai_server import CHAT, broken, rate_limited, says

pytestmark = pytest.mark.slow


async def test_another_caption_model_redoes_vision_and_its_vectors_only(
    index, hosted, environment, media, monkeypatch
):
    source = media / "video" / "nasa_13013.mp4"
    first = await index(source, "clip")
    requests = hosted.count(CHAT)
    monkeypatch.setenv("VISION_MODEL", "second-model")

    second = await index(source, "clip")

    assert first.error is None
    assert requests > 1
    # The second model's captions may be the first one's words, whose vectors are known.
    assert {"vision"} <= second.worked <= {"vision", "embed_picture"}
    assert hosted.count(CHAT) == 2 * requests
    made_by = {f.description_model for f in video(environment, "clip").frames if f.description}
    assert made_by
    assert all("/second-model@" in str(model) for model in made_by)


async def test_an_unchanged_rerun_makes_no_call(index, hosted, media):
    source = media / "odd" / "no_audio.mp4"
    await index(source, "clip")
    requests = hosted.count(CHAT)

    again = await index(source, "clip")

    assert again.worked == set()
    assert hosted.count(CHAT) == requests


async def test_a_passing_fault_is_tried_again_and_reported(index, hosted, media):
    hosted.fault(CHAT, says("no JSON at all"), times=4)  # as often as one try of a stage asks

    run = await index(media / "odd" / "no_audio.mp4", "clip")

    assert run.error is None
    assert run.states["vision"] is StageState.RETRIED
    first, second = run.recorder.started_at["vision"]
    assert second - first >= 0.7  # the back-off, less its jitter
    assert hosted.count(CHAT) == 5


async def test_retry_after_is_respected(index, hosted, media):
    hosted.fault(CHAT, rate_limited(retry_after=2))

    run = await index(media / "odd" / "no_audio.mp4", "clip")

    assert run.error is None
    first, second = (seen.at for seen in hosted.seen(CHAT)[:2])
    assert second - first >= 2.0


@pytest.mark.slow
async def test_a_fault_that_stays_ends_after_the_tries_that_are_set(
    index, hosted, environment, media, monkeypatch
):
    monkeypatch.setenv("WORKER_MAX_ATTEMPTS", "1")
    hosted.fault(CHAT, broken(500), times=None)

    run = await index(media / "odd" / "no_audio.mp4", "clip")

    assert run.error is not None
    assert run.error.code == "provider_unavailable"
    assert run.tries("vision") == 1
    assert video(environment, "clip").summary.status == "failed"


async def test_a_wrong_key_is_not_tried_again_and_never_shown(
    index, hosted, environment, media, monkeypatch
):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-the-right-one")

    run = await index(media / "odd" / "audio_late_1500ms.mp4", "clip")

    assert run.error is not None
    assert run.error.code == "provider_auth"
    assert run.tries("vision") == 1
    assert "sk-not" not in str(run.error)
    assert "sk-not" not in (environment.data_dir / "worker" / "log.log").read_text()
    assert hosted.count(CHAT) <= 5  # one for each worker at most
    found = video(environment, "clip")
    assert found.summary.status == "failed"
    assert found.segments, "the side that did not fail is stored and searchable"
