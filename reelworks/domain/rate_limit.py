"""Rate limits of hosted models: what each call has to wait for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class RateLimiter(Protocol):
    """Lets calls through one after another."""

    def wait(self, provider: str) -> None:
        """Return when the next call to ``provider`` may be made.

        Raises ``CancelledError`` once the run that waits has ended.
        """


_limiters: ContextVar[tuple[RateLimiter, ...]] = ContextVar("reelworks_pace", default=())


@contextmanager
def rate_limited(limiter: RateLimiter) -> Iterator[None]:
    """Let the clients of hosted models that are made inside wait for ``limiter`` as well."""
    token = _limiters.set((*_limiters.get(), limiter))
    try:
        yield
    finally:
        _limiters.reset(token)


def rate_limiters() -> tuple[RateLimiter, ...]:
    """Return the limiters that a call made in this context has to wait for."""
    return _limiters.get()
