"""Errors of work: failed programs, time limits, cancellation, cache misses."""

from __future__ import annotations

from reelworks.errors.base import ReelworksError


class ProcessError(ReelworksError):
    """A program failed.

    ``arguments`` is the whole command line, ``tail`` the last lines that it wrote to stderr.
    """

    code = "process"

    def __init__(self, message: str, *, arguments: tuple[str, ...] = (), tail: str = "") -> None:
        super().__init__(message)
        self.arguments = arguments
        self.tail = tail


class StageTimeoutError(ReelworksError):
    """A stage took longer than its limit; another attempt may be faster."""

    code = "timeout"
    retryable = True


class CancelledError(ReelworksError):
    """The work was cancelled."""

    code = "cancelled"
    exit_code = 130


class NotCachedError(ReelworksError):
    """A run that may compute nothing met a stage whose result is not in the cache. Permanent."""

    code = "not_cached"


class CacheMissError(ReelworksError):
    """A stage's result is not in the cache, and the caller did not want it computed."""

    code = "cache_miss"

    def __init__(self, question: str) -> None:
        super().__init__(f"No cached result for the key {question}.")
        self.question = question
        """The cache key."""
