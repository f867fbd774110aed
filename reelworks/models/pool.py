"""The pool that keeps models loaded: the only global state of the project."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

Model = TypeVar("Model")


@dataclass
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    model: Any = None
    loads: int = 0


class ModelPool:
    """Loads each model once, however many threads ask at the same time."""

    def __init__(self) -> None:
        self._slots: dict[str, _Slot] = {}
        self._guard = threading.Lock()

    def get(self, key: str, load: Callable[[], Model]) -> Model:
        """Return the model under ``key``; the first caller loads it, others wait for that."""
        with self._guard:
            slot = self._slots.setdefault(key, _Slot())
        with slot.lock:
            if slot.loads == 0:
                slot.model = load()
                slot.loads = 1
            model: Model = slot.model
            return model

    def loaded(self) -> tuple[str, ...]:
        """Return the keys of the models that are in memory."""
        with self._guard:
            return tuple(key for key, slot in self._slots.items() if slot.loads)

    def clear(self) -> None:
        """Forget every model; memory is free when the last user drops its own reference."""
        with self._guard:
            self._slots.clear()


pool = ModelPool()
