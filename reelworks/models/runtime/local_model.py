"""Base class of local models: catalog entry, model reference, and loading through the pool."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Generic, TypeVar

from reelworks.domain.digest import ModelRef
from reelworks.models.runtime.catalog import find_model
from reelworks.models.runtime.fetch import ensure_model
from reelworks.models.runtime.pool import ModelPool
from reelworks.models.runtime.pool import pool as shared_pool

Loaded = TypeVar("Loaded")
"""What the pool holds: weights in their runtime, ready to compute."""


class LocalModel(ABC, Generic[Loaded]):
    """A model of the catalog that computes on this machine.

    Weights are fetched and loaded when first needed, and shared by every instance in the process
    that has the same pool key.
    """

    def __init__(
        self,
        name: str,
        capability: str,
        models_dir: Path,
        *,
        threads: int | None = None,
        pool: ModelPool = shared_pool,
    ) -> None:
        """Choose the catalog's model ``name``.

        ``threads`` are CPU threads; None means the machine's cores. Raises ``SettingsError`` when
        the catalog has no such model for ``capability``.
        """
        self._entry = find_model(name, capability)
        self._models_dir = models_dir
        self._threads = threads or os.cpu_count() or 1
        self._pool = pool

    @property
    def model(self) -> ModelRef:
        """The catalog's name and the first 12 hex digits of the weights' digest."""
        return ModelRef("local", self._entry.name, self._entry.revision)

    def load(self) -> None:
        """Fetch and load the weights now.

        Raises ``ModelUnavailableError``, ``NoSpaceError``, ``PermissionDeniedError`` and, on a
        GPU, ``GpuMemoryError``.
        """
        with self._use():
            return

    @property
    def _pool_key(self) -> str:
        """Instances with equal keys share their weights."""
        return f"{self._entry.name}/{self._threads}"

    def _use(self) -> AbstractContextManager[Loaded]:
        """Return the loaded model, which stays in the pool until the block ends."""
        memory = self._entry.memory(on_gpu=self._runs_on_gpu())
        return self._pool.use(self._pool_key, self._load_weights, memory)

    def _weights_folder(self) -> Path:
        """Return the folder with the model's files, fetched when missing."""
        return ensure_model(self._entry.name, self._models_dir)

    def _runs_on_gpu(self) -> bool:
        """True when the weights go into the GPU's memory."""
        return False

    @abstractmethod
    def _load_weights(self) -> Loaded:
        """Load the weights; called by the pool, once for each key."""
