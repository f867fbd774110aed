"""Rate limits of callers: token buckets."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

from reelworks.errors import TooManyRequestsError

_REMEMBERED = 10_000
"""Callers whose requests are counted; the least recent are forgotten first."""


class RateLimit:
    """A token bucket for each caller, which fills evenly and holds the requests of ten seconds.

    May be used by several threads at once.
    """

    def __init__(self, per_minute: int) -> None:
        self._per_second = per_minute / 60
        self._burst = max(1.0, per_minute / 6)
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, caller: str) -> None:
        """Count one request. Raises ``TooManyRequestsError``."""
        now = time.monotonic()
        with self._lock:
            left, since = self._left.pop(caller, (self._burst, now))
            left = min(self._burst, left + (now - since) * self._per_second)
            self._left[caller] = (left - 1 if left >= 1 else left, now)
            while len(self._left) > _REMEMBERED:
                self._left.popitem(last=False)
        if left < 1:
            wait = (1 - left) / self._per_second
            raise TooManyRequestsError(
                "Too many requests from this caller; wait a moment.", retry_after=wait
            )
