"""What hosted models were asked for: the amounts that their makers put on the bill."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Usage:
    """An amount of work by one hosted model."""

    calls: int = 0
    """Requests that were answered."""
    input_tokens: int = 0
    output_tokens: int = 0
    audio_seconds: float = 0.0
    """Seconds of sound that were listened to or spoken."""
    characters: int = 0
    """Characters of text that were sent."""

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.audio_seconds + other.audio_seconds,
            self.characters + other.characters,
        )

    def times(self, count: float) -> Usage:
        """Return ``count`` times this amount, in whole calls, tokens and characters."""
        return Usage(
            round(self.calls * count),
            round(self.input_tokens * count),
            round(self.output_tokens * count),
            self.audio_seconds * count,
            round(self.characters * count),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what is not nothing, as JSON values."""
        return {name: amount for name, amount in asdict(self).items() if amount}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Usage:
        """Reverse ``to_dict``; what it does not know is passed over."""
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        return cls(**known)


NOTHING = Usage()


def add_up(*parts: Mapping[str, Usage]) -> dict[str, Usage]:
    """Return the sum by model."""
    total: dict[str, Usage] = {}
    for part in parts:
        for model, usage in part.items():
            total[model] = total.get(model, NOTHING) + usage
    return total


class Meter:
    """Adds up the usage of one run. Threads may share one."""

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        """``changed`` is called after each addition, in the thread that adds."""
        self._changed = changed
        self._total: dict[str, Usage] = {}
        self._lock = threading.Lock()

    def add(self, model: str, usage: Usage) -> None:
        """Count what ``model`` (``provider/name``) was asked for."""
        with self._lock:
            self._total[model] = self._total.get(model, NOTHING) + usage
        self._changed()

    def total(self) -> dict[str, Usage]:
        """Return what was counted so far, by model."""
        with self._lock:
            return dict(self._total)


_meter: ContextVar[Meter] = ContextVar("reelworks_meter")


@contextmanager
def counting(meter: Meter) -> Iterator[None]:
    """Let the clients of hosted models that are made inside count on ``meter``.

    A client asks for its meter when it is made, and keeps it: its calls are counted in whatever
    thread they are made.
    """
    token = _meter.set(meter)
    try:
        yield
    finally:
        _meter.reset(token)


def current_meter() -> Meter:
    """Return the meter of this context; without one, a meter that nobody reads."""
    return _meter.get(None) or Meter()
