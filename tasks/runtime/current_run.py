"""What the tasks of one flow run share: where they work, and who watches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from reelworks.domain.jobs.report import Observer, StageReport
from reelworks.domain.rate_limit import pacing
from reelworks.pipeline.run_context import Workplace
from reelworks.store.jobs.rate_limits import Pace, Rate


@dataclass(frozen=True, slots=True)
class RunContext:
    """What the tasks of one flow run share, besides their parameters."""

    place: Workplace
    observer: Observer
    again: frozenset[str] = frozenset()
    """Stages that are computed anew although their answers are kept."""
    cached_only: bool = False
    """True: what is not in the cache is an error, and nothing is computed."""


class NobodyWatches:
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
_context: ContextVar[RunContext] = ContextVar("reelworks_run")


@contextmanager
def observing(observer: Observer) -> Iterator[None]:
    """Let ``observer`` watch the flow runs started inside, in this process."""
    token = _observer.set(observer)
    try:
        yield
    finally:
        _observer.reset(token)


def watcher() -> Observer:
    """Return who watches the flow runs of this context."""
    return _observer.get(NobodyWatches())


@contextmanager
def run_context(
    place: Workplace, again: Iterable[str] = (), *, cached_only: bool = False
) -> Iterator[None]:
    """Make the workplace and the observer known to every task called inside."""
    token = _context.set(RunContext(place, watcher(), frozenset(again), cached_only))
    try:
        with paced(place, place.settings.calls_per_minute_of):
            yield
    finally:
        _context.reset(token)


@contextmanager
def paced(place: Workplace, rate: Rate, *, of: str = "") -> Iterator[None]:
    """Ask hosted models inside no faster than ``rate``, together with all who share its name."""
    pace = Pace(place.engine, rate, of=of)
    try:
        with pacing(pace):
            yield
    finally:
        pace.close()


def here() -> RunContext:
    """Return the context of the flow run that this task belongs to."""
    return _context.get()
