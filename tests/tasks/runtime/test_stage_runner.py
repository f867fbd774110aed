"""The stage runner on a real Prefect server: attempts, stops, waits, states, reports."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from reelworks.domain.jobs.report import StageState
from reelworks.errors import (
    CancelledError,
    ProviderUnavailableError,
    RateLimitedError,
    UnsupportedMediaError,
)
from reelworks.pipeline.run_context import RunContext, open_run_context
from reelworks.pipeline.stage_cache import StageCall, StageOutput, StageResult, get_or_compute
from tests.support.flows.runs import Recorder

pytestmark = pytest.mark.filterwarnings(
    # Prefect's synchronous client is dropped without being closed when a flow ends.
    "ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture
def ctx(prefect_api, clean_settings):
    del prefect_api
    with open_run_context(clean_settings.with_values(worker_max_attempts=3)) as opened:
        yield opened


@dataclass
class Stage:
    """A small stage whose attempts end with these outcomes, the last of them from then on."""

    outcomes: list[Exception | int]
    minutes: float = 1.0
    tries: list[float] = field(default_factory=list)

    def work(self, attempt) -> StageResult[int]:
        self.tries.append(time.monotonic())
        outcome = self.outcomes[min(len(self.tries), len(self.outcomes)) - 1]
        call = StageCall[int](
            stage="count", version=1, result_type=int, artifact_key=str, inputs={"a": "b"}
        )

        def compute(_: Path) -> StageOutput[int]:
            attempt.progress(1, 2)
            if isinstance(outcome, Exception):
                raise outcome
            attempt.progress(2, 2)
            return StageOutput(outcome)

        return get_or_compute(call, compute, attempt.ctx, check_cancelled=attempt.check_cancelled)


async def run_stage(ctx: RunContext, stage: Stage, work=None, options=None):
    """Run the stage as the only task of a flow; return the task's final state and the recorder."""
    from prefect import flow, task

    from tasks.runtime.current_run import use_observer, use_run
    from tasks.runtime.stage_runner import Summary, run_stage
    from tasks.runtime.stage_task import task_options

    @task(**(task_options("count", runs_on="cpu", minutes=stage.minutes) | (options or {})))
    async def count():
        summary = Summary(int, "letters", lambda value: ("odd",) if value % 2 else ())
        return await run_stage("count", work or stage.work, summary)

    @flow(name="count")
    async def counting():
        with use_run(ctx):
            return [await count(return_state=True)]

    recorder = Recorder()
    with use_observer(recorder):
        (state,) = await counting()
    return state, recorder


QUICK = {"retry_delay_seconds": [0.0]}
"""So that a test need not wait as long as a run does."""


async def test_a_first_answer_is_done_and_a_second_is_cached(ctx):
    first, one = await run_stage(ctx, Stage([7]))
    second, two = await run_stage(ctx, Stage([7]))

    assert (first.name, second.name) == ("Completed", "Cached")
    assert first.message == "7 letters; odd"
    assert [report.state for report in (*one.reports, *two.reports)] == [
        StageState.DONE,
        StageState.CACHED,
    ]
    report = one.reports[0]
    assert (report.stage, report.items, report.unit) == ("count", 7, "letters")
    assert report.warnings == ("odd",)
    assert 0 < report.seconds < 30
    assert (await second.aresult()).result == 7


async def test_progress_reaches_the_observer_in_order(ctx):
    _, recorder = await run_stage(ctx, Stage([8]))

    assert recorder.progress["count"] == [0.5, 1.0]


async def test_a_fault_that_can_pass_is_tried_again(ctx):
    stage = Stage([ProviderUnavailableError("The server is down."), 8])

    state, recorder = await run_stage(ctx, stage, options=QUICK)

    assert len(stage.tries) == 2
    assert state.is_completed()
    assert [report.state for report in recorder.reports] == [StageState.RETRIED]


async def test_tries_end_with_worker_max_attempts(ctx):
    stage = Stage([ProviderUnavailableError("The server is down.")])

    state, recorder = await run_stage(ctx, stage, options=QUICK)

    assert len(stage.tries) == 3
    assert state.is_failed()
    with pytest.raises(ProviderUnavailableError):
        await state.aresult()
    assert recorder.reports == []


@pytest.mark.parametrize(
    "error", [UnsupportedMediaError("a.mp4 is empty."), ValueError("a bug"), KeyError("a bug")]
)
async def test_what_cannot_pass_is_not_tried_again(ctx, error):
    stage = Stage([error, 8])

    state, _ = await run_stage(ctx, stage)

    assert len(stage.tries) == 1
    assert state.is_failed()


async def test_the_real_delays_grow_and_are_spread():
    from tasks.runtime.stage_task import MAX_ATTEMPTS, task_options

    options = task_options("count", runs_on="gpu", minutes=2)

    delays = options["retry_delay_seconds"]
    assert delays == sorted(delays)
    assert delays[0] >= 1
    assert options["retry_jitter_factor"] > 0
    assert options["retries"] == MAX_ATTEMPTS - 1
    assert options["timeout_seconds"] == 120
    assert "runs-on:gpu" in options["tags"]


async def test_a_rate_limit_is_waited_for_before_the_next_try(ctx):
    stage = Stage([RateLimitedError("Slow down.", retry_after=1.2), 8])

    state, _ = await run_stage(ctx, stage, options=QUICK)

    assert state.is_completed()
    assert stage.tries[1] - stage.tries[0] >= 1.2


async def test_after_the_last_try_nobody_waits(ctx):
    stage = Stage([RateLimitedError("Slow down.", retry_after=30)])
    once = ctx.settings.with_values(worker_max_attempts=1)
    started = time.monotonic()

    state, _ = await run_stage(
        RunContext(once, ctx.store, ctx.engine, ctx.scratch), stage, options=QUICK
    )

    assert state.is_failed()
    assert time.monotonic() - started < 20


async def test_a_stage_past_its_limit_is_stopped_and_tried_again(ctx):
    stopped, tries = [], []

    def endless(attempt):
        tries.append(1)
        try:
            while True:
                attempt.check_cancelled()
                time.sleep(0.02)
        except CancelledError:
            stopped.append(threading.current_thread())
            raise

    state, recorder = await run_stage(
        ctx, Stage([0], minutes=0.4 / 60), work=endless, options=QUICK
    )

    assert len(tries) == len(stopped) == 3
    assert state.is_failed()
    with pytest.raises(TimeoutError):
        await state.aresult()
    assert recorder.reports == []


async def test_a_cancelled_task_stops_its_thread(ctx):
    running, stopped = threading.Event(), threading.Event()

    def endless(attempt):
        running.set()
        try:
            while True:
                attempt.progress(0, 1)
                time.sleep(0.02)
        except CancelledError:
            stopped.set()
            raise

    job = asyncio.ensure_future(run_stage(ctx, Stage([0]), work=endless))
    assert await asyncio.to_thread(running.wait, 30)
    job.cancel()
    await asyncio.wait([job], timeout=30)

    assert job.done()
    assert stopped.is_set()


async def test_a_run_that_nobody_watches_runs_all_the_same(ctx):
    from tasks.runtime.current_run import current_run, use_run

    with use_run(ctx):
        observer = current_run().observer
        observer.started("count")
        observer.advanced("count", 1, 2)
        assert current_run().ctx is ctx


async def test_a_cached_stage_is_computed_once_and_published_each_time(ctx, caplog):
    from prefect import flow, task

    from tasks.runtime.current_run import use_run
    from tasks.runtime.stage_runner import CachedStage, Summary, run_cached_stage
    from tasks.runtime.stage_task import task_options

    computed, published = [], []

    def compute(folder: Path) -> StageOutput[int]:
        computed.append(folder)
        return StageOutput(7)

    def prepare(attempt) -> CachedStage[int]:
        attempt.check_cancelled()
        call = StageCall[int](
            stage="count", version=2, result_type=int, artifact_key=str, inputs={}, video_id="clip"
        )
        return CachedStage(call, compute, published.append)

    @task(**task_options("count", runs_on="cpu", minutes=1))
    async def count():
        return await run_cached_stage("count", prepare, Summary(int, "letters"))

    @flow(name="count")
    async def counting():
        with use_run(ctx):
            return [await count(return_state=True) for _ in range(2)]

    with caplog.at_level("INFO", logger="video_worker"):
        states = await counting()

    assert [state.name for state in states] == ["Completed", "Cached"]
    assert len(computed) == 1
    assert [(one.result, one.cached) for one in published] == [(7, False), (7, True)]
    assert caplog.messages.count("COUNT clip: 7 letters") == 2
