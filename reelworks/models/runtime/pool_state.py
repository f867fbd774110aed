"""Limits and snapshots of the model pool."""

from __future__ import annotations

from dataclasses import dataclass

from reelworks.models.runtime.memory import MB, Memory
from reelworks.settings import Settings


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """Limits of the models of one process. None means no limit."""

    host: int | None = None
    """Bytes."""
    gpu: int | None = None
    """Bytes."""
    idle_seconds: float | None = None
    """A model that was not used for this long is evicted."""

    def allow(self, memory: Memory) -> bool:
        """True when models of this size may stay."""
        return (self.host is None or memory.host <= self.host) and (
            self.gpu is None or memory.gpu <= self.gpu
        )


@dataclass(frozen=True, slots=True)
class ModelUse:
    """How one model was used since the process began."""

    key: str
    loaded: bool
    in_use: int
    """Callers that are working with it now."""
    loads: int
    hits: int
    """Uses that found it loaded."""
    load_seconds: float
    """Of all loads together."""
    idle_seconds: float
    """Since it was last used; 0 while it is in use."""
    memory: Memory
    """Zero unless it is loaded."""


@dataclass(frozen=True, slots=True)
class PoolSnapshot:
    """The state of a pool at one moment; the least recently used model comes first."""

    models: tuple[ModelUse, ...]
    used: Memory
    limits: PoolLimits
    evictions: int


def pool_limits(settings: Settings) -> PoolLimits:
    """Return the limits in the settings."""
    return PoolLimits(
        host=settings.models.memory_mb and settings.models.memory_mb * MB,
        gpu=settings.gpu.memory_mb and settings.gpu.memory_mb * MB,
        idle_seconds=settings.models.idle_seconds,
    )
