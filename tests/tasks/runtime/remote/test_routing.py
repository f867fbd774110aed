"""Where a stage runs, on a real Prefect server; the test plays the pool's worker."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from reelworks.domain.jobs.report import StageState
from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.errors import (
    CancelledError,
    ProviderUnavailableError,
    ReelworksError,
    StageCallMismatchError,
    UnsupportedMediaError,
    WorkerLostError,
)
from reelworks.pipeline.run_context import open_run_context
from reelworks.pipeline.stage_cache import StageResult
from reelworks.settings import GpuFallback, Provider
from reelworks.store.library.publish import publish_transcript
from reelworks.store.library.video_status import claim_video
from tests.support.flows.runs import Recorder, as_environment

pytestmark = [
    pytest.mark.filterwarnings(
        # Prefect's synchronous client is dropped without being closed when a flow ends.
        "ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning"
    ),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]


@pytest.fixture
def chosen(prefect_api, clean_settings, models_dir, monkeypatch):
    """Settings of a run whose failures are not tried again."""
    del prefect_api
    once = {"models_dir": models_dir, "worker_max_attempts": 1}
    settings = clean_settings.with_values(**once)
    for name, value in as_environment(settings).items():  # a worker's own
        monkeypatch.setenv(name, value)
    with open_run_context(settings) as ctx:
        claim_video(ctx.engine, "clip", original_path="clip.mp4")
        publish_transcript(ctx.engine, "clip", said("").result, model="local/whisper")
    return settings


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Poll often, and look for live workers each time."""
    from tasks.runtime.remote import pools, routing

    monkeypatch.setattr(pools, "CACHE_SECONDS", 0.0)
    monkeypatch.setattr(routing, "WORKER_CHECK_SECONDS", 0.2)


def said(text: str) -> StageResult[Transcript]:
    return StageResult(Transcript("en", (Segment(0.0, 1.0, text),)), {}, "", "local/whisper", False)


async def embed(settings, text="Call me Ishmael."):
    """Run ``embed_speech`` as the only task of a flow; return its answer and the recorder."""
    from prefect import flow

    from tasks.runtime.current_run import use_observer, use_run
    from tasks.runtime.stage_runner import run_task
    from tasks.text.embed import embed_speech

    recorder = Recorder()

    @flow(name="embedding", persist_result=False)
    async def embedding():
        with open_run_context(settings) as ctx, use_run(ctx):
            return await run_task(embed_speech, "clip", said(text))

    with use_observer(recorder):
        answer = await embedding()
    return answer, recorder


@asynccontextmanager
async def pool(settings, **options):
    """A pool of this test's own, and settings that name it."""
    from tests.support.fleet import pool_with_stage

    async with pool_with_stage(**options) as made:
        yield made, settings.with_values(gpu_pool=made.name)


async def test_without_a_pool_everything_runs_locally(chosen):
    answer, recorder = await embed(chosen)

    assert answer.result == 1
    assert recorder.reports[0].ran_on is None
    assert recorder.places == {}


async def test_a_pool_without_a_worker_is_reported_and_the_stage_runs_locally(chosen):
    async with pool(chosen) as (made, settings):
        answer, recorder = await embed(settings)

        assert await made.runs() == []
    assert answer.result == 1
    (report,) = recorder.reports
    assert (report.state, report.ran_on) == (StageState.DONE, None)
    assert recorder.places["embed_speech"] == list(report.warnings)
    assert f"No live worker in the pool {made.name}" in report.warnings[0]
    assert "ran on this machine instead" in report.warnings[0]


async def test_a_pool_that_is_not_there_is_reported_and_the_stage_runs_locally(chosen):
    _, recorder = await embed(chosen.with_values(gpu_pool="nowhere"))

    (note,) = recorder.reports[0].warnings
    assert "There is no work pool nowhere" in note
    assert "reelworks deploy" in note


@pytest.mark.slow
async def test_a_pool_to_which_nothing_is_deployed_is_reported_and_the_stage_runs_locally(chosen):
    async with pool(chosen, deployed=False) as (made, settings):
        await made.appear()
        _, recorder = await embed(settings)

    assert f"No deployment stage/{made.name}" in recorder.reports[0].warnings[0]


async def test_a_live_worker_gets_the_stage_and_its_answer_comes_from_the_cache(chosen):
    async with pool(chosen) as (made, settings), made.worker():
        answer, recorder = await embed(settings)

        (run,) = await made.runs()
        assert run.id in made.ran
        again, second = await embed(settings)
        assert len(await made.runs()) == 1, "a cached result needs no worker"
    assert run.state.is_completed(), run.state.message
    assert (answer.result, answer.cached) == (1, False)
    (report,) = recorder.reports
    assert report.state is StageState.DONE
    assert report.ran_on.startswith(f"{made.name} (on ")
    assert report.warnings == ()
    assert recorder.places["embed_speech"] == [made.name]
    assert (again.cached, second.reports[0].state) == (True, StageState.CACHED)
    assert second.reports[0].ran_on is None


@pytest.mark.slow
async def test_a_remote_stage_is_linked_to_its_caller_and_takes_the_interactive_queue(chosen):
    async with pool(chosen) as (made, settings), made.worker():
        await embed(settings)
        (run,) = await made.runs()

    assert run.parent_task_run_id is not None
    assert run.work_queue_name == "interactive"
    assert run.name.startswith("embed_speech for ")
    assert run.parameters["params"]["stage"] == "tasks.text.embed.embed_speech"
    assert run.parameters["params"]["settings"]["embed_model"] == "minilm-l6-v2-int8"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("state", "error"),
    [
        ("[unsupported_media] a.mp4 is empty.", UnsupportedMediaError),
        ("[provider_unavailable] The server is down.", ProviderUnavailableError),
        ("[other_question] Two versions of code.", StageCallMismatchError),  # of an older worker
        ("[stage_call_mismatch] Two versions of code.", StageCallMismatchError),
        ("Flow run encountered an exception: ValueError: x", ReelworksError),
        ("crashed", WorkerLostError),
        ("cancelled", CancelledError),
    ],
)
async def test_what_went_wrong_in_the_pool_is_raised_by_the_caller(chosen, state, error):
    from prefect import states

    ends = {
        "crashed": states.Crashed(message="Killed."),
        "cancelled": states.Cancelled(),
    }
    async with pool(chosen) as (made, settings):
        await made.appear()
        asking = asyncio.ensure_future(embed(settings))
        (run,) = await made.requested_runs()
        await made.report(run, states.Running(), ends.get(state, states.Failed(message=state)))
        with pytest.raises(error) as raised:
            await asking

    assert type(raised.value) is error
    expected = state.partition("] ")[2] or made.name
    assert expected in str(raised.value)


@pytest.mark.slow
async def test_a_lost_worker_s_stage_is_started_again(chosen):
    from prefect import states

    twice = chosen.with_values(worker_max_attempts=2)
    async with pool(twice) as (made, settings):
        await made.appear()
        asking = asyncio.ensure_future(embed(settings))
        (first,) = await made.requested_runs()
        await made.report(first, states.Running(), states.Crashed(message="Killed."))
        await made.requested_runs(2)
        async with made.worker():
            answer, recorder = await asking

        assert len(await made.runs()) == 2
    assert answer.result == 1
    assert recorder.reports[0].state is StageState.RETRIED


@pytest.mark.slow
async def test_a_cancelled_caller_cancels_what_no_worker_has_taken_yet(chosen):
    async with pool(chosen) as (made, settings):
        await made.appear()
        asking = asyncio.ensure_future(embed(settings))
        await made.requested_runs()
        asking.cancel()
        await asyncio.wait([asking], timeout=20)
        (run,) = await made.runs()

    assert run.state.is_cancelled() or run.state.is_cancelling()


@pytest.mark.slow
async def test_a_time_limit_cancels_what_runs(chosen):
    from prefect import states

    from tasks.text import embed as skin

    limited = skin.embed_speech.with_options(timeout_seconds=1.0)
    async with pool(chosen) as (made, settings):
        await made.appear()
        asking = asyncio.ensure_future(embed_by(limited, settings))
        (run,) = await made.requested_runs()
        await made.report(run, states.Running())
        with pytest.raises(TimeoutError):
            await asking
        (run,) = await made.runs()

    assert run.state.is_cancelling() or run.state.is_cancelled()


async def embed_by(task, settings):
    from prefect import flow

    from tasks.runtime.current_run import use_run
    from tasks.runtime.stage_runner import run_task

    @flow(name="embedding", persist_result=False)
    async def embedding():
        with open_run_context(settings) as ctx, use_run(ctx):
            return await run_task(task, "clip", said("Call me Ishmael."))

    return await embedding()


@pytest.mark.slow
async def test_when_the_only_worker_goes_away_the_stage_runs_locally(chosen):
    from uuid import UUID

    async with pool(chosen) as (made, settings):
        await made.appear()
        asking = asyncio.ensure_future(embed(settings))
        (run,) = await made.requested_runs()
        workers = await made.client.read_workers_for_work_pool(made.name)
        await made.client.request(
            "DELETE",
            "/work_pools/{work_pool_name}/workers/{name}",
            path_params={"work_pool_name": made.name, "name": workers[0].name},
        )
        answer, recorder = await asking
        (run,) = await made.runs()

    assert isinstance(run.id, UUID)
    assert run.state.is_cancelled()
    assert answer.result == 1
    assert "ran on this machine instead" in recorder.reports[0].warnings[0]


@pytest.mark.slow
async def test_who_shall_wait_waits_for_a_worker_and_says_so(chosen):
    waiting = chosen.with_values(gpu_fallback=GpuFallback.WAIT)
    async with pool(waiting) as (made, settings):
        asking = asyncio.ensure_future(embed(settings))
        await made.requested_runs()
        assert not asking.done()
        async with made.worker():
            _, recorder = await asking

    (report,) = recorder.reports
    assert report.ran_on.startswith(made.name)
    assert report.warnings == ()
    first, second = recorder.places["embed_speech"]
    assert "No live worker" in first
    assert "waiting for it" in first
    assert second == made.name


@pytest.mark.slow
async def test_two_tries_of_one_flow_run_share_a_remote_run_that_is_under_way(chosen):
    from prefect.client.orchestration import get_client
    from prefect.context import TaskRunContext

    from tasks.runtime.current_run import current_run
    from tasks.runtime.remote.routing import RemoteStage, _start

    async with pool(chosen) as (made, settings):
        await made.appear()
        found = []

        async def both() -> None:
            context = TaskRunContext.get()
            remote = RemoteStage(context, made.name, "ab" * 32, current_run().ctx, lambda _: None)
            same = replace(remote)
            found.extend([await _start(remote), await _start(same)])
            async with get_client() as client:
                from prefect.states import Cancelled

                await client.set_flow_run_state(found[0].id, Cancelled(), force=True)
            found.append(await _start(remote))

        await in_task_of_embed(both, settings)

    first, second, third = (run.id for run in found)
    assert first == second
    assert third != first, "one that has ended is not waited for"


async def in_task_of_embed(work, settings):
    """Run ``work`` inside a task that has the arguments of ``embed_speech``."""
    from prefect import flow

    from tasks.runtime.current_run import use_run
    from tasks.text.embed import embed_speech

    async def stand_in(video_id: str, transcript: StageResult[Transcript]) -> None:
        await work()

    task = embed_speech.with_options()
    task.fn = stand_in
    stand_in.__module__, stand_in.__name__ = "tasks.text.embed", "embed_speech"

    @flow(name="embedding", persist_result=False)
    async def embedding():
        with open_run_context(settings) as ctx, use_run(ctx):
            await task("clip", said("Call me Ishmael."))

    await embedding()


@pytest.mark.parametrize(
    ("provider", "runs_there"), [(Provider.LOCAL, True), (Provider.OPENAI, False)]
)
async def test_what_a_hosted_model_answers_needs_no_gpu(chosen, provider, runs_there):
    from tasks.frames.frames import frames
    from tasks.runtime.remote.routing import pool_of
    from tasks.text.embed import embed_speech

    settings = chosen.with_values(gpu_pool="gpu", embed_provider=provider)

    assert pool_of(embed_speech, settings) == ("gpu" if runs_there else None)
    assert pool_of(frames, settings) is None
    assert pool_of(embed_speech, chosen) is None
