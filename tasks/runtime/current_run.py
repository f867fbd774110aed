"""What the tasks of one flow run share: where they work, and who watches."""

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
    again: frozenset[str] = frozenset()
    """Stages that are computed anew although their answers are kept."""
    cached_only: bool = False
    """True: what is not in the cache is an error, and nothing is computed."""


class NullObserver:
    """The observer of a run that nobody watches."""

    def started(self, stage: str) -> None:
        """Ignore it."""

    def placed(self, stage: str, where: str) -> None:
        """Ignore it."""

    def advanced(self, stage: str, done: float, total: float) -> None:
        """Ignore it."""

    def finished(self, report: StageReport) -> None:
        """Ignore it."""


_observer: ContextVar[Observer] = ContextVar("reelworks_observer")
_context: ContextVar[CurrentRun] = ContextVar("reelworks_run")


@contextmanager
def use_observer(observer: Observer) -> Iterator[None]:
    """Let ``observer`` watch the flow runs started inside, in this process."""
    token = _observer.set(observer)
    try:
        yield
    finally:
        _observer.reset(token)


def current_observer() -> Observer:
    """Return who watches the flow runs of this context."""
    return _observer.get(NullObserver())


@contextmanager
def run_context(
    ctx: RunContext, again: Iterable[str] = (), *, cached_only: bool = False
) -> Iterator[None]:
    """Make the workplace and the observer known to every task called inside."""
    token = _context.set(CurrentRun(ctx, current_observer(), frozenset(again), cached_only))
    try:
        with paced(ctx, ctx.settings.calls_per_minute_of):
            yield
    finally:
        _context.reset(token)


@contextmanager
def paced(ctx: RunContext, rate: Rate, *, of: str = "") -> Iterator[None]:
    """Ask hosted models inside no faster than ``rate``, together with all who share its name."""
    pace = SharedRateLimiter(ctx.engine, rate, of=of)
    try:
        with rate_limited(pace):
            yield
    finally:
        pace.close()


def current_run() -> CurrentRun:
    """Return the context of the flow run that this task belongs to."""
    return _context.get()
