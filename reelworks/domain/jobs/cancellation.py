"""Cancellation tokens: how a run that is stopped ends the work of its threads."""

from __future__ import annotations

import threading

from reelworks.errors import CancelledError


def never_cancelled() -> None:
    """Let work continue: the check of work that cannot be cancelled."""


class CancellationToken:
    """A signal that work shall stop, set once and seen by every thread that checks it."""

    def __init__(self, what: str) -> None:
        """``what`` begins the error's message, for example ``The stage scenes``."""
        self._what = what
        self._event = threading.Event()

    def cancel(self) -> None:
        """Let every later check raise."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether ``cancel`` was called."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise ``CancelledError`` once the token is cancelled."""
        if self.cancelled:
            raise CancelledError(f"{self._what} was stopped.")
