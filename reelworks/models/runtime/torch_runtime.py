"""Torch runtime, imported late: device choice, and errors when it is missing or out of memory."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from reelworks.errors import GpuMemoryError, ModelUnavailableError

EXTRA = "cuda"
"""The optional dependencies that bring torch; its CPU build will do."""


def require(module: str, wanted_by: str) -> Any:
    """Import a module of the extra for the model ``wanted_by``.

    Raises ``ModelUnavailableError`` that names the extra when the module is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ModelUnavailableError(
            f"The model {wanted_by} needs {module.partition('.')[0]}, which is not installed "
            f"or does not load ({error}); install it with: pip install 'reelworks[{EXTRA}]'."
        ) from error


def device_for(torch: Any) -> Any:
    """Return the device that models run on: the first visible CUDA device, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def on_gpu() -> bool:
    """True when torch is installed and sees a GPU."""
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        return False
    return bool(torch.cuda.is_available())


@contextmanager
def gpu_memory_errors(torch: Any, model: str) -> Iterator[None]:
    """Turn torch's "out of memory" into ``GpuMemoryError``."""
    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        raise GpuMemoryError(
            f"The GPU has too little free memory for one batch of {model}; "
            f"free some, choose a smaller model, or set CUDA_VISIBLE_DEVICES to another GPU."
        ) from error
