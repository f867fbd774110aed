"""Options of a stage's Prefect task: routing tag, time limit, retries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypedDict

from prefect import Task
from prefect.cache_policies import NO_CACHE, CachePolicy
from prefect.client.schemas.objects import State, TaskRun

from reelworks.errors import ReelworksError
from reelworks.pipeline.spec import Stage, spec_of
from tasks.runtime.current_run import current_run

MAX_ATTEMPTS = 20
"""The upper bound of ``WORKER_MAX_ATTEMPTS``, which ``is_worth_a_retry`` applies."""


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


def stage_task(stage: Stage) -> TaskOptions:
    """Return the options of a stage's task, by its row in the table of stages."""
    spec = spec_of(stage)
    return task_options(spec.name.value, runs_on=spec.runs_on, minutes=spec.timeout_minutes)


def task_options(name: str, *, runs_on: str, minutes: float) -> TaskOptions:
    """Return a task's options; ``runs_on`` (cpu, gpu) becomes its routing tag.

    Prefect's result cache is off: a hit there cannot tell that an artifact is gone
    (docs/decisions/0002).
    """
    return TaskOptions(
        name=name,
        tags=["reelworks", f"runs-on:{runs_on}"],
        retries=MAX_ATTEMPTS - 1,
        retry_delay_seconds=[1.0, 2.0, 5.0, 15.0, 30.0, 60.0],
        retry_jitter_factor=0.3,
        retry_condition_fn=is_worth_a_retry,
        timeout_seconds=minutes * 60,
        cache_policy=NO_CACHE,
        persist_result=False,
    )


def is_worth_a_retry(task: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:
    """Tell Prefect whether a retry may help, within ``WORKER_MAX_ATTEMPTS``."""
    del task
    error = state.data
    retryable = isinstance(error, TimeoutError) or (
        isinstance(error, ReelworksError) and error.retryable
    )
    return retryable and has_attempts_left(task_run)


def has_attempts_left(task_run: TaskRun) -> bool:
    """Tell whether a task run may be tried again after its present attempt.

    ``WORKER_MAX_ATTEMPTS`` counts once: a job's attempts are the queue's, which waits without a
    worker, and only a run without a job tries its stages again itself.
    """
    run = current_run()
    if run.retried_by_queue:
        return False
    return task_run.run_count < run.ctx.settings.jobs.max_attempts
