"""What the skins of all stages share: the try, its thread, its report.

A stage's own cache (``pipeline.stage_cache``) answers before any work; Prefect's result cache
is off, because a hit there cannot tell that an artifact is gone (docs/decisions/0002).
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypedDict, TypeVar

from anyio import CancelScope
from prefect import Task
from prefect.cache_policies import NO_CACHE, CachePolicy
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext
from prefect.states import Completed

from reelworks.domain.jobs.progress import Progress
from reelworks.domain.jobs.report import StageReport, StageState
from reelworks.errors import (
    CacheMissError,
    CancelledError,
    NotCachedError,
    RateLimitedError,
    ReelworksError,
    SourceUnavailableError,
    exhausted,
)
from reelworks.pipeline.stage_cache import CacheMode, StageResult, answering, force_recompute
from tasks.runtime.current_run import current_run
from tasks.runtime.prefect_outage import GONE, disable_prefect_retries, is_prefect_unreachable
from tasks.runtime.routing import RemoteStage, pool_of, run_in_pool

log = logging.getLogger("video_worker")
Value = TypeVar("Value")

MAX_TRIES = 20
"""The upper bound of ``WORKER_MAX_ATTEMPTS``; ``worth_another_try`` keeps the real one."""


STOP_SECONDS = 30.0
"""How long a stopped stage may take to notice; its thread is left behind after that."""


class TaskOptions(TypedDict):
    """Arguments of Prefect's ``@task`` that all stages set."""

    name: str
    tags: list[str]
    retries: int
    retry_delay_seconds: list[float]
    retry_jitter_factor: float
    retry_condition_fn: Callable[[Task[..., Any], TaskRun, State[Any]], bool]
    timeout_seconds: float
    cache_policy: CachePolicy
    persist_result: bool


def worth_another_try(task: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:
    """Tell Prefect whether a failed try can pass, within ``WORKER_MAX_ATTEMPTS``."""
    del task
    error = state.data
    can_pass = isinstance(error, TimeoutError) or (
        isinstance(error, ReelworksError) and error.retryable
    )
    return can_pass and _tries_are_left(task_run)


def _tries_are_left(task_run: TaskRun) -> bool:
    return task_run.run_count < current_run().ctx.settings.worker_max_attempts


def stage_task(name: str, *, runs_on: str, minutes: float) -> TaskOptions:
    """Return the options of a stage's task; ``runs_on`` (cpu, gpu, api) becomes its routing tag."""
    return TaskOptions(
        name=name,
        tags=["reelworks", f"runs-on:{runs_on}"],
        retries=MAX_TRIES - 1,
        retry_delay_seconds=[1.0, 2.0, 5.0, 15.0, 30.0, 60.0],
        retry_jitter_factor=0.3,
        retry_condition_fn=worth_another_try,
        timeout_seconds=minutes * 60,
        cache_policy=NO_CACHE,
        persist_result=False,
    )


async def run(task: Task[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """Call a stage's task from a flow and return its answer; raises the task's own error.

    A stage that failed for good is reported here: only now it is known that no try follows.
    """
    started = time.monotonic()
    try:
        state: State[Any] = await task(*arguments, **keywords, return_state=True)
        return await state.aresult()
    except Exception as error:
        if is_prefect_unreachable(error):
            disable_prefect_retries()
        current_run().observer.finished(
            StageReport(
                stage=task.name,
                state=StageState.FAILED,
                seconds=time.monotonic() - started,
                items=0,
                unit="",
                reason=reason_of(error),
            )
        )
        raise


def _see(job: asyncio.Future[Any]) -> None:
    """Look at a stopped thread's error: the cancellation is what its caller hears of."""
    if not job.cancelled():
        job.exception()


async def in_thread(stage: str, work: Callable[[Progress], Value]) -> Value:
    """Run a stage's blocking work in a thread; a cancelled or timed-out task stops it.

    ``work`` gets a ``Progress`` that reports to the observer and raises ``CancelledError`` once
    the task is cancelled. The ``retry_after`` of a provider or of a source's server is waited for
    before the error goes on, so that Prefect's next try comes no sooner than asked.
    """
    stop = threading.Event()
    observer = current_run().observer

    def progress(done: float, total: float) -> None:
        if stop.is_set():
            raise CancelledError(f"The stage {stage} was stopped.")
        observer.advanced(stage, done, total)

    job = asyncio.ensure_future(asyncio.to_thread(work, progress))
    job.add_done_callback(_see)
    try:
        return await asyncio.shield(job)
    except asyncio.CancelledError:
        stop.set()
        with CancelScope(shield=True):  # a time limit cancels again and again
            await asyncio.wait([job], timeout=STOP_SECONDS)
        raise
    except (RateLimitedError, SourceUnavailableError) as error:
        context = TaskRunContext.get()
        if error.retry_after and context is not None and _tries_are_left(context.task_run):
            await asyncio.sleep(error.retry_after)
        raise


async def run_stage(
    stage: str,
    work: Callable[[Progress], StageResult[Value]],
    *,
    count: Callable[[Value], int],
    unit: str,
    warnings: Callable[[Value], tuple[str, ...]] = lambda _: (),
) -> State[StageResult[Value]]:
    """Run one try of a stage and return the state that Prefect shall record.

    The state is named ``Cached`` when the answer was kept, so that the UI shows it as such.
    """
    observer = current_run().observer
    observer.started(stage)
    started = time.monotonic()
    try:
        answer, ran_on, note = await _resolve_local_or_remote(stage, work)
    except ReelworksError as error:
        error.args = (current_run().ctx.readable(str(error)), *error.args[1:])
        log.warning("%s failed: %s", stage.upper(), error)
        raise
    except Exception as error:
        known = exhausted(error)
        if known is None:
            raise
        log.warning("%s failed: %s", stage.upper(), known)
        raise known from error
    told = (*warnings(answer.result), *note)
    report = StageReport(
        stage=stage,
        state=_state_of(answer.cached),
        seconds=time.monotonic() - started,
        items=count(answer.result),
        unit=unit,
        model=answer.model,
        warnings=tuple(map(current_run().ctx.readable, told)),
        ran_on=ran_on,
    )
    observer.finished(report)
    message = f"{report.items} {unit}" + "".join(f"; {line}" for line in report.warnings)
    name = "Cached" if answer.cached else "Completed"
    return Completed(name=name, message=message, data=answer)


async def _resolve_local_or_remote(
    stage: str, work: Callable[[Progress], StageResult[Value]]
) -> tuple[StageResult[Value], str | None, tuple[str, ...]]:
    """Return a stage's answer, where it was made when not in this process, and what was amiss.

    A stage that belongs in a pool is computed here only when its hop says so, or when the hop's
    answer is one that is not kept.
    """
    run, asker = current_run(), TaskRunContext.get()
    if run.cached_only:
        return await _from_cache(stage, work), None, ()
    first_try = asker is None or asker.task_run.run_count <= 1
    again = stage in run.again and first_try
    pool = pool_of(asker.task, run.ctx.settings) if asker else None
    if asker is None or pool is None:
        with force_recompute(again):
            return await in_thread(stage, work), None, ()
    try:
        with answering(CacheMode(cached_only=True, force=again)):
            return await in_thread(stage, work), None, ()
    except CacheMissError as missing:
        question = missing.question
    told: list[str] = []

    def tell(where: str) -> None:
        told.append(where)
        run.observer.placed(stage, where)

    ran_on = await run_in_pool(RemoteStage(asker, pool, question, run.ctx, tell, again))
    with force_recompute(again and ran_on is None):
        answer = await in_thread(stage, work)
    if ran_on is None:
        return answer, None, tuple(told[-1:])
    return replace(answer, cached=False), ran_on, ()


async def _from_cache(
    stage: str, work: Callable[[Progress], StageResult[Value]]
) -> StageResult[Value]:
    try:
        with answering(CacheMode(cached_only=True)):
            return await in_thread(stage, work)
    except CacheMissError:
        raise NotCachedError(
            f"The answer of the stage {stage} is not in the cache (any more), and this run was "
            "asked to compute nothing. Index the video again to compute it."
        ) from None


def _state_of(cached: bool) -> StageState:
    if cached:
        return StageState.CACHED
    context = TaskRunContext.get()
    again = context is not None and context.task_run.run_count > 1
    return StageState.RETRIED if again else StageState.DONE


def reason_of(error: BaseException) -> str:
    """Say in a video's row why its run ended, be it for a fault that nobody foresaw."""
    if isinstance(error, (ReelworksError, TimeoutError)) and str(error):
        return str(error)
    if isinstance(error, asyncio.CancelledError):
        return "The run was stopped."
    if is_prefect_unreachable(error):
        return GONE
    known = exhausted(error)
    if known is not None:
        return str(known)
    return f"Something went wrong that Reelworks did not foresee ({type(error).__name__})."
