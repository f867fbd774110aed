"""The flow ``stage``: one stage of another run, run through a pool."""

from __future__ import annotations

import pytest

from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.errors import StageCallMismatchError
from reelworks.pipeline.run_context import open_run_context
from reelworks.pipeline.stage_cache import StageResult
from reelworks.settings import Settings
from reelworks.store.library.publish import publish_transcript
from reelworks.store.library.video_status import claim_video
from tests.support.flows.library import rows, video
from tests.support.flows.runs import STAGES

SAID = StageResult(Transcript("en", (Segment(0.0, 1.0, "Call me Ishmael."),)), {}, "", None, False)


@pytest.fixture
def library(environment: Settings) -> Settings:
    """A library with one transcribed video."""
    with open_run_context(environment) as ctx:
        claim_video(ctx.engine, "clip", original_path="clip.mp4")
        publish_transcript(ctx.engine, "clip", SAID.result, model="local/whisper")
    return environment


async def call(**params):
    """Run the flow as a worker does, and return the state that the caller reads."""
    from flows.stage import StageParams, stage
    from tasks.runtime.remote.serialization import pack
    from tasks.text.embed import embed_speech

    arguments = pack(embed_speech, {"video_id": "clip", "transcript": SAID})
    given = {"stage": "tasks.text.embed.embed_speech", "arguments": arguments} | params
    return await stage(StageParams.model_validate(given), return_state=True)


async def test_it_runs_the_stage_and_says_where(library):
    import platform

    state = await call()

    assert state.is_completed()
    assert state.message == f"on {platform.node()}"
    (segment,) = rows(library)["transcript_segments"]
    assert any("minilm" in str(column) for column in segment)


@pytest.mark.slow
async def test_it_does_not_go_to_another_worker(library, monkeypatch):
    monkeypatch.setenv("GPU_POOL", "nowhere")
    monkeypatch.setenv("GPU_FALLBACK", "wait")

    assert (await call()).is_completed()


async def test_a_call_with_another_cache_key_is_refused_and_not_computed(library):
    from tasks.runtime.remote.serialization import StageEnding

    state = await call(call_key="0" * 64)

    assert state.is_failed()
    error = StageEnding.from_message(state.message).error
    assert type(error) is StageCallMismatchError
    assert "same version of Reelworks" in str(error)
    with open_run_context(library) as ctx:
        assert not list(ctx.store.keys("cache/stages/"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"stage": "tasks.gone.gone"}, "bad_input"),
        ({"arguments": {"video_id": "clip"}}, "stage_call_mismatch"),
        ({"settings": {"embed_model": "no-such-model"}}, "bad_settings"),
        ({"settings": {"scene_profile": "wrong"}}, "bad_settings"),
        ({"arguments": None, "arguments_key": f"cache/calls/{'0' * 64}.json"}, "artifact_missing"),
    ],
)
async def test_what_cannot_be_run_ends_with_its_error_code(library, params, code):
    state = await call(**params)

    assert state.is_failed()
    assert state.message.startswith(f"[{code}] "), state.message


@pytest.mark.slow
async def test_an_unreachable_store_is_an_error_worth_a_retry(library, monkeypatch):
    from tasks.runtime.remote.serialization import StageEnding

    monkeypatch.setenv("S3_ENDPOINT_URL", "http://127.0.0.1:9")
    state = await call()

    error = StageEnding.from_message(state.message).error
    assert error is not None
    assert (error.code, error.retryable) == ("store_unavailable", True)


@pytest.mark.slow
async def test_a_caller_s_model_goes_before_the_worker_s_own(library, monkeypatch):
    monkeypatch.setenv("EMBED_MODEL", "no-such-model")

    assert (await call()).is_failed()
    state = await call(settings={"embed_provider": "local", "embed_model": "minilm-l6-v2-int8"})
    assert state.is_completed(), state.message


@pytest.mark.slow
async def test_a_whole_run_with_its_gpu_stages_elsewhere(environment, index, media, monkeypatch):
    from tests.support.fleet import pool_with_stage

    async with pool_with_stage() as pool, pool.worker():
        monkeypatch.setenv("GPU_POOL", pool.name)
        run = await index(media / "video" / "voicestudio-en.mp4", "clip")
        remote = await pool.runs()
        again = await index(media / "video" / "voicestudio-en.mp4", "clip")
        assert len(await pool.runs()) == len(remote), "cached results need no worker"

    assert run.error is None, run.error
    elsewhere = {report.stage for report in run.recorder.reports if report.ran_on}
    assert elsewhere == {"transcribe", "embed_speech", "embed_picture"}
    assert run.worked == STAGES
    assert again.worked == set()
    assert {one.state.name for one in remote} == {"Completed"}
    assert len(remote) == 3
    found = video(environment, "clip")
    assert found.summary.status == "ready"
    assert "voice" in found.transcript.text.lower()
