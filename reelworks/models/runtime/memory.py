"""Memory of models and of this process, and how it is measured."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import psutil

MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes that a model takes."""

    host: int = 0
    gpu: int = 0

    def __add__(self, other: Memory) -> Memory:
        return Memory(self.host + other.host, self.gpu + other.gpu)


@dataclass(frozen=True, slots=True)
class ProcessMemory:
    """Bytes that this process takes: of its own, of mapped files, and on the GPU."""

    own: int
    mapped: int
    gpu: int

    def since(self, before: ProcessMemory) -> Memory:
        """Return by how much each part grew since then.

        The kernel may drop pages of mapped files at any time. Summed up first, that would
        hide what a model allocated itself.
        """
        host = max(0, self.own - before.own) + max(0, self.mapped - before.mapped)
        return Memory(host, max(0, self.gpu - before.gpu))


def measure_process() -> ProcessMemory:
    """Return what this process takes now; on the GPU as far as torch allotted it."""
    host = psutil.Process().memory_info()
    mapped = int(getattr(host, "shared", 0))  # Linux tells it apart, others do not
    torch = sys.modules.get("torch")  # not imported for this: it takes seconds
    busy = torch is not None and torch.cuda.is_initialized()
    gpu = int(torch.cuda.memory_allocated()) if torch and busy else 0
    return ProcessMemory(int(host.rss) - mapped, mapped, gpu)
