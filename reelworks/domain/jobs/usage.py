"""Usage of hosted models, and what it cost: the amounts that providers charge for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Usage:
    """An amount of work by one hosted model."""

    calls: int = 0
    """Requests that got a response."""
    input_tokens: int = 0
    output_tokens: int = 0
    audio_seconds: float = 0.0
    """Seconds of audio that were transcribed or synthesized."""
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
        """Return the amounts that are not 0, as JSON values."""
        return {name: amount for name, amount in asdict(self).items() if amount}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Usage:
        """Reverse ``to_dict``; unknown keys are ignored."""
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        return cls(**known)


NOTHING = Usage()
FREE = Decimal(0)


@dataclass(frozen=True, slots=True)
class BilledUsage:
    """Usage of one model and its cost: a value of ``jobs.usage``, whose keys are models."""

    usage: Usage = NOTHING
    cost: Decimal | None = FREE
    """US dollars; None when a price is not known, so that no sum includes it."""

    def to_json(self) -> dict[str, Any]:
        """Return the stored form: the amounts, and the cost as text or null."""
        return self.usage.to_dict() | {"cost": None if self.cost is None else str(self.cost)}

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Reverse ``to_json``; a value that is not an object is no usage."""
        if not isinstance(value, Mapping):
            return cls()
        cost = value.get("cost", "0")
        try:
            amount = None if cost is None else Decimal(str(cost))
        except InvalidOperation:  # written by hand: an unknown cost must not stop the queue
            amount = None
        return cls(Usage.from_dict(value), amount)


def usage_by_model(stored: Any) -> dict[str, BilledUsage]:
    """Return ``jobs.usage`` by model; a value that is not an object has no models."""
    models = stored if isinstance(stored, Mapping) else {}
    return {model: BilledUsage.from_json(value) for model, value in models.items()}


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
        """Add the usage of one call to ``model`` (``provider/name``)."""
        with self._lock:
            self._total[model] = self._total.get(model, NOTHING) + usage
        self._changed()

    def total(self) -> dict[str, Usage]:
        """Return the usage so far, by model."""
        with self._lock:
            return dict(self._total)


_meter: ContextVar[Meter] = ContextVar("reelworks_meter")


@contextmanager
def counting(meter: Meter) -> Iterator[None]:
    """Let the clients of hosted models that are created inside count on ``meter``.

    A client looks up its meter once, when it is created: its calls are counted in whatever thread
    they are made.
    """
    token = _meter.set(meter)
    try:
        yield
    finally:
        _meter.reset(token)


def current_meter() -> Meter:
    """Return the meter of this context; a new one where none is set."""
    return _meter.get(None) or Meter()
