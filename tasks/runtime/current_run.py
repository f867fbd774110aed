"""The current run: what the tasks of one flow run share, and its observer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from reelworks.domain.jobs.report import Observer, StageReport
from reelworks.domain.rate_limit import rate_limited
from reelworks.pipeline.run_context import RunContext
from reelworks.store.jobs.rate_limits import Rate, SharedRateLimiter


@dataclass(frozen=True, slots=True)
class CurrentRun:
    """What the tasks of one flow run share, besides their parameters."""

    ctx: RunContext
    observer: Observer
    recompute: frozenset[str] = frozenset()
    """Stages to compute although their results are cached."""
    cached_only: bool = False
    """True: a cache miss is an error, and nothing is computed."""
    retried_by_queue: bool = False
    """True for a job's run: the queue tries the job again, so that no stage does so itself."""


class NullObserver:
    """The observer of a run without one."""

    def started(self, stage: str) -> None:
        """Ignore it."""

    def placed(self, stage: str, where: str) -> None:
        """Ignore it."""

    def advanced(self, stage: str, done: float, total: float) -> None:
        """Ignore it."""

    def finished(self, report: StageReport) -> None:
        """Ignore it."""


_observer: ContextVar[Observer] = ContextVar("reelworks_observer")
_run: ContextVar[CurrentRun] = ContextVar("reelworks_run")


@contextmanager
def use_observer(observer: Observer) -> Iterator[None]:
    """Let ``observer`` watch the flow runs started inside, in this process."""
    token = _observer.set(observer)
    try:
        yield
    finally:
        _observer.reset(token)


def current_observer() -> Observer:
    """Return the observer of the flow runs of this context."""
    return _observer.get(NullObserver())


@contextmanager
def use_run(
    ctx: RunContext,
    recompute: Iterable[str] = (),
    *,
    cached_only: bool = False,
    retried_by_queue: bool = False,
) -> Iterator[None]:
    """Make a flow run's context and the current observer known to every task called inside."""
    run = CurrentRun(ctx, current_observer(), frozenset(recompute), cached_only, retried_by_queue)
    token = _run.set(run)
    try:
        with shared_rate_limit(ctx, ctx.settings.hosted.calls_per_minute):
            yield
    finally:
        _run.reset(token)


@contextmanager
def shared_rate_limit(ctx: RunContext, rate: Rate, *, of: str = "") -> Iterator[None]:
    """Call hosted models inside no faster than ``rate``, shared by all limiters of one name."""
    limiter = SharedRateLimiter(ctx.engine, rate, of=of)
    try:
        with rate_limited(limiter):
            yield
    finally:
        limiter.close()


def current_run() -> CurrentRun:
    """Return the context of the flow run that this task belongs to."""
    return _run.get()
