"""How work itself can end badly."""

from __future__ import annotations

from reelworks.errors.base import ReelworksError


class ProcessError(ReelworksError):
    """A program that we ran ended badly.

    ``arguments`` is the whole command line, ``tail`` the last lines that it wrote to stderr.
    """

    code = "process"

    def __init__(self, message: str, *, arguments: tuple[str, ...] = (), tail: str = "") -> None:
        super().__init__(message)
        self.arguments = arguments
        self.tail = tail


class StageTimeoutError(ReelworksError):
    """A stage took longer than its limit; another try may be faster."""

    code = "timeout"
    retryable = True


class CancelledError(ReelworksError):
    """Somebody stopped the work."""

    code = "cancelled"
    exit_code = 130


class NotCachedError(ReelworksError):
    """A run that may compute nothing met a stage whose answer is not in the cache. Permanent."""

    code = "not_cached"


class CacheMissError(ReelworksError):
    """No answer to a question is kept, and the asker did not want it computed here."""

    code = "cache_miss"

    def __init__(self, question: str) -> None:
        super().__init__(f"No answer to the question {question} is kept.")
        self.question = question
        """The question's cache key."""
