"""The stage runner: one attempt of a stage, its thread, its cache and its report."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from prefect import Task
from prefect.client.schemas.objects import State
from prefect.context import TaskRunContext
from prefect.states import Completed

from reelworks.domain.jobs.report import StageReport, StageState
from reelworks.errors import (
    CacheMissError,
    NotCachedError,
    ReelworksError,
    exhausted,
)
from reelworks.pipeline.stage_cache import (
    CacheMode,
    StageCall,
    StageOutput,
    StageResult,
    force_recompute,
    get_or_compute,
    use_cache_mode,
)
from tasks.runtime.current_run import current_run
from tasks.runtime.prefect_outage import disable_prefect_retries, is_prefect_unreachable
from tasks.runtime.remote.routing import RemoteStage, pool_of, run_in_pool
from tasks.runtime.run_endings import reason_of
from tasks.runtime.stage_thread import StageAttempt, in_thread

log = logging.getLogger("video_worker")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class CachedStage(Generic[Value]):
    """A stage whose result is cached: its call, its verb and where its result goes."""

    call: StageCall[Value]
    compute: Callable[[Path], StageOutput[Value]]
    """Gets an empty folder to work in; called on a cache miss."""
    publish: Callable[[StageResult[Value]], None] = lambda _: None
    """Writes the rows, of a cached result as well; idempotent."""


@dataclass(frozen=True, slots=True)
class Summary(Generic[Value]):
    """How a stage's result is counted in reports and in the log."""

    count: Callable[[Value], int]
    unit: str
    warnings: Callable[[Value], tuple[str, ...]] = lambda _: ()
    log_word: str | None = None
    """First word of the log line; None: the stage's name."""


async def run_task(task: Task[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """Call a stage's task from a flow and return its result; raises the task's own error.

    A stage that failed permanently is reported here: only now is it known that no retry follows.
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


async def run_cached_stage(
    stage: str, prepare: Callable[[StageAttempt], CachedStage[Value]], summary: Summary[Value]
) -> State[StageResult[Value]]:
    """Run one attempt of a cached stage: look its result up or compute it, then publish it.

    ``prepare`` runs in the attempt's thread, too: it may load a model.
    """

    def work(attempt: StageAttempt) -> StageResult[Value]:
        cached = prepare(attempt)
        result = get_or_compute(
            cached.call, cached.compute, attempt.ctx, check_cancelled=attempt.check_cancelled
        )
        cached.publish(result)
        word, number = summary.log_word or stage.upper(), summary.count(result.result)
        log.info("%s %s: %d %s", word, cached.call.video_id, number, summary.unit)
        return result

    return await run_stage(stage, work, summary)


async def run_stage(
    stage: str, work: Callable[[StageAttempt], StageResult[Value]], summary: Summary[Value]
) -> State[StageResult[Value]]:
    """Run one attempt of a stage and return the state that Prefect shall record.

    The state is named ``Cached`` when the result was cached, so that the UI shows it as such.
    """
    observer, ctx = current_run().observer, current_run().ctx
    observer.started(stage)
    started = time.monotonic()
    try:
        result, ran_on, notes = await _resolve_local_or_remote(stage, work)
    except ReelworksError as error:
        error.args = (ctx.readable(str(error)), *error.args[1:])
        log.warning("%s failed: %s", stage.upper(), error)
        raise
    except Exception as error:
        known = exhausted(error)
        if known is None:
            raise
        log.warning("%s failed: %s", stage.upper(), known)
        raise known from error
    report = StageReport(
        stage=stage,
        state=_state_of(result.cached),
        seconds=time.monotonic() - started,
        items=summary.count(result.result),
        unit=summary.unit,
        model=result.model,
        warnings=tuple(map(ctx.readable, (*summary.warnings(result.result), *notes))),
        ran_on=ran_on,
    )
    observer.finished(report)
    message = f"{report.items} {report.unit}" + "".join(f"; {line}" for line in report.warnings)
    name = "Cached" if result.cached else "Completed"
    return Completed(name=name, message=message, data=result)


async def _resolve_local_or_remote(
    stage: str, work: Callable[[StageAttempt], StageResult[Value]]
) -> tuple[StageResult[Value], str | None, tuple[str, ...]]:
    """Return a stage's result, where it ran unless in this process, and warnings about that.

    A stage that belongs in a pool is computed in this process only when no worker is there and
    the settings allow it, or when the remote result is one that is not cached.
    """
    run, context = current_run(), TaskRunContext.get()
    if run.cached_only:
        return await _from_cache(stage, work), None, ()
    is_first = context is None or context.task_run.run_count <= 1
    recompute = stage in run.recompute and is_first
    pool = pool_of(context.task, run.ctx.settings) if context else None
    if context is None or pool is None:
        with force_recompute(recompute):
            return await in_thread(stage, work), None, ()
    try:
        with use_cache_mode(CacheMode(cached_only=True, force=recompute)):
            return await in_thread(stage, work), None, ()
    except CacheMissError as miss:
        call_key = miss.question
    notes: list[str] = []

    def report_location(text: str) -> None:
        notes.append(text)
        run.observer.placed(stage, text)

    remote = RemoteStage(context, pool, call_key, run.ctx, report_location, recompute)
    ran_on = await run_in_pool(remote)
    with force_recompute(recompute and ran_on is None):
        result = await in_thread(stage, work)
    if ran_on is None:
        return result, None, tuple(notes[-1:])
    return replace(result, cached=False), ran_on, ()


async def _from_cache(
    stage: str, work: Callable[[StageAttempt], StageResult[Value]]
) -> StageResult[Value]:
    try:
        with use_cache_mode(CacheMode(cached_only=True)):
            return await in_thread(stage, work)
    except CacheMissError:
        raise NotCachedError(
            f"The result of the stage {stage} is not in the cache, and this run may not compute "
            "it. Index the video again to compute it."
        ) from None


def _state_of(cached: bool) -> StageState:
    if cached:
        return StageState.CACHED
    context = TaskRunContext.get()
    retried = context is not None and context.task_run.run_count > 1
    return StageState.RETRIED if retried else StageState.DONE
