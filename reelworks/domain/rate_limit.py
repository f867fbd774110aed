"""How fast hosted models may be asked: who has to be waited for before each call."""

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


_turnstiles: ContextVar[tuple[RateLimiter, ...]] = ContextVar("reelworks_pace", default=())


@contextmanager
def rate_limited(turnstile: RateLimiter) -> Iterator[None]:
    """Let the clients of hosted models that are made inside pass ``turnstile`` as well."""
    token = _turnstiles.set((*_turnstiles.get(), turnstile))
    try:
        yield
    finally:
        _turnstiles.reset(token)


def rate_limiters() -> tuple[RateLimiter, ...]:
    """Return all that a call made in this context has to pass."""
    return _turnstiles.get()
