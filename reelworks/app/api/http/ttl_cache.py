"""A cached value with a time to live."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class TtlCache(Generic[Value]):
    """Computes a value at most once in ``seconds``; threads wait for one another."""

    def __init__(self, seconds: float, compute: Callable[[], Value]) -> None:
        self._seconds = seconds
        self._compute = compute
        self._entry: tuple[float, Value] | None = None
        self._lock = threading.Lock()

    def get(self) -> Value:
        """Return the value. Raises what computing it raises."""
        with self._lock:
            now = time.monotonic()
            if self._entry is None or now - self._entry[0] > self._seconds:
                self._entry = (now, self._compute())
            return self._entry[1]
