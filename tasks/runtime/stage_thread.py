"""The thread of a stage's attempt: how it reports progress and how it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from anyio import CancelScope
from prefect.context import TaskRunContext

from reelworks.domain.jobs.cancellation import CancellationToken
from reelworks.domain.jobs.progress import Progress
from reelworks.errors import RateLimitedError, SourceUnavailableError
from reelworks.pipeline.run_context import RunContext
from reelworks.pipeline.stage_cache import StageResult
from tasks.runtime.current_run import current_run
from tasks.runtime.stage_task import has_attempts_left

Value = TypeVar("Value")

STOP_SECONDS = 30.0
"""How long a stopped stage may take to notice; its thread is left behind after that."""


@dataclass(frozen=True, slots=True)
class StageAttempt:
    """One attempt of a stage, as the work in its thread sees it."""

    ctx: RunContext
    progress: Progress
    """Reports (done, total) to the observer; raises ``CancelledError`` once cancelled."""
    check_cancelled: Callable[[], None]
    """Raises ``CancelledError`` once the attempt is cancelled or past its time limit."""

    def fetch(self, source: StageResult[Any], name: str) -> Path | None:
        """Return a local file with an artifact of another stage; None when that one made none."""
        artifact = source.artifacts.get(name)
        return self.ctx.fetch(artifact) if artifact else None


async def in_thread(stage: str, work: Callable[[StageAttempt], Value]) -> Value:
    """Run a stage's blocking work in a thread; a cancelled or timed-out task stops it.

    The ``retry_after`` of a provider or of a source's server is waited for before the error is
    raised, so that Prefect's next attempt comes no sooner than that.
    """
    run, token = current_run(), CancellationToken(f"The stage {stage}")

    def progress(done: float, total: float) -> None:
        token.check()
        run.observer.advanced(stage, done, total)

    attempt = StageAttempt(run.ctx, progress, token.check)
    job = asyncio.ensure_future(asyncio.to_thread(work, attempt))
    job.add_done_callback(_retrieve_error)
    try:
        return await asyncio.shield(job)
    except asyncio.CancelledError:
        token.cancel()
        with CancelScope(shield=True):  # a time limit cancels again and again
            await asyncio.wait([job], timeout=STOP_SECONDS)
        raise
    except (RateLimitedError, SourceUnavailableError) as error:
        context = TaskRunContext.get()
        if error.retry_after and context is not None and has_attempts_left(context.task_run):
            await asyncio.sleep(error.retry_after)
        raise


def _retrieve_error(job: asyncio.Future[Any]) -> None:
    """Retrieve a stopped thread's error, so that asyncio does not report it as unhandled."""
    if not job.cancelled():
        job.exception()
