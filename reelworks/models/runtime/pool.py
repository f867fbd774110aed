"""Model pool: loaded models, shared within a process, evicted by memory limits and idle time."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from reelworks.models.runtime.memory import Memory, measure_process
from reelworks.models.runtime.pool_state import ModelUse, PoolLimits, PoolSnapshot

log = logging.getLogger(__name__)

Model = TypeVar("Model")


@dataclass
class _Slot:
    key: str
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Locked while the model is loading."""
    model: Any = None
    loaded: bool = False
    pins: int = 0
    """Callers that use the model or wait for it."""
    memory: Memory = field(default_factory=Memory)
    """Counted from before the load, so that two loads at once cannot both take the last room."""
    loads: int = 0
    hits: int = 0
    load_seconds: float = 0.0
    used_at: float = 0.0


class ModelPool:
    """Loads each model once, however many threads use it, and evicts the least recently used.

    A model in use is never evicted: while all that is loaded is in use, the limits may be
    exceeded, and the surplus is evicted as soon as a user is done.
    """

    def __init__(
        self, limits: PoolLimits | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Start empty; ``clock`` returns seconds."""
        self._limits = limits or PoolLimits()
        self._clock = clock
        self._slots: OrderedDict[str, _Slot] = OrderedDict()
        """The least recently used first."""
        self._guard = threading.Lock()
        self._evictions = 0

    @contextmanager
    def use(
        self, key: str, load: Callable[[], Model], memory: Memory | None = None
    ) -> Iterator[Model]:
        """Yield the model under ``key``; the first caller loads it, others wait for that.

        It stays loaded at least until the block ends. ``memory`` is what it will take; None
        measures what the process grows by while it loads. Raises what ``load`` raises.
        """
        slot = self._pin(key, memory)
        try:
            yield self._loaded(slot, load, measured=memory is None)
        finally:
            self._unpin(slot)

    def get(self, key: str, load: Callable[[], Model], memory: Memory | None = None) -> Model:
        """Return the model under ``key``, loaded if need be, without pinning it in the pool.

        To load ahead, or for immediate use: the pool may evict it meanwhile, but a caller keeps
        its own reference. Raises what ``load`` raises.
        """
        with self.use(key, load, memory) as model:
            return model

    def limit(self, limits: PoolLimits) -> None:
        """Change the limits; what exceeds them now is evicted."""
        with self._guard:
            self._limits = limits
            evicted = self._make_room(Memory())
        _unload(evicted)

    def evict_idle(self) -> int:
        """Evict the models not used for ``idle_seconds``, and return their number."""
        with self._guard:
            evicted = self._take_idle()
        _unload(evicted)
        return len(evicted)

    def loaded(self) -> tuple[str, ...]:
        """Return the keys of the models that are in memory, the least recently used first."""
        with self._guard:
            return tuple(key for key, slot in self._slots.items() if slot.loaded)

    def snapshot(self) -> PoolSnapshot:
        """Return what the pool holds now."""
        with self._guard:
            now = self._clock()
            return PoolSnapshot(
                models=tuple(_use(slot, now) for slot in self._slots.values() if slot.loads),
                used=self._used(),
                limits=self._limits,
                evictions=self._evictions,
            )

    def clear(self) -> None:
        """Forget every model; memory is free when the last user drops its own reference."""
        with self._guard:
            self._slots.clear()

    def _pin(self, key: str, memory: Memory | None) -> _Slot:
        with self._guard:
            slot = self._slots.setdefault(key, _Slot(key))
            self._slots.move_to_end(key)
            slot.pins += 1
            evicted = self._take_idle()
            if not slot.loaded and slot.memory == Memory():
                slot.memory = memory or Memory()
                evicted += self._make_room(Memory())
        _unload(evicted)
        return slot

    def _unpin(self, slot: _Slot) -> None:
        with self._guard:
            slot.pins -= 1
            slot.used_at = self._clock()
            if not slot.loaded and not slot.pins:
                slot.memory = Memory()  # its load failed
            evicted = self._make_room(Memory())
        _unload(evicted)

    def _loaded(self, slot: _Slot, load: Callable[[], Model], *, measured: bool) -> Model:
        with slot.lock:
            if not slot.loaded:
                before, started = measure_process() if measured else None, time.monotonic()
                model = load()
                memory = measure_process().since(before) if before else slot.memory
                with self._guard:
                    slot.model, slot.loaded, slot.memory = model, True, memory
                    slot.loads += 1
                    slot.load_seconds += time.monotonic() - started
            else:
                with self._guard:
                    slot.hits += 1
            found: Model = slot.model
            return found

    def _used(self) -> Memory:
        return sum((slot.memory for slot in self._slots.values()), Memory())

    def _take_idle(self) -> list[_Slot]:
        limit = self._limits.idle_seconds
        if limit is None:
            return []
        now = self._clock()
        idle = [slot for slot in self._evictable() if now - slot.used_at >= limit]
        return [self._take(slot) for slot in idle]

    def _make_room(self, more: Memory) -> list[_Slot]:
        """Take out the least recently used models until the limits hold."""
        evicted = []
        for slot in self._evictable():
            if self._limits.allow(self._used() + more):
                break
            evicted.append(self._take(slot))
        return evicted

    def _evictable(self) -> list[_Slot]:
        return [slot for slot in self._slots.values() if slot.loaded and not slot.pins]

    def _take(self, slot: _Slot) -> _Slot:
        """Mark a model as evicted and return its slot, so that it is freed outside the lock."""
        taken = _Slot(slot.key, model=slot.model)
        slot.model, slot.loaded, slot.memory = None, False, Memory()
        self._evictions += 1
        return taken


def _unload(evicted: list[_Slot]) -> None:
    """Free models outside the pool's lock: freeing gigabytes takes a while."""
    for slot in evicted:
        log.info("The model %s was unloaded.", slot.key)
        slot.model = None
    torch = sys.modules.get("torch") if evicted else None
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()  # torch keeps what it freed, and other libraries need it


def _use(slot: _Slot, now: float) -> ModelUse:
    return ModelUse(
        key=slot.key,
        loaded=slot.loaded,
        in_use=slot.pins,
        loads=slot.loads,
        hits=slot.hits,
        load_seconds=slot.load_seconds,
        idle_seconds=0.0 if slot.pins else now - slot.used_at,
        memory=slot.memory,
    )


pool = ModelPool()
