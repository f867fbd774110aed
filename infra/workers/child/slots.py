"""Slots for child interpreters: one for each GPU, and which run uses which."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from infra.workers.child.interpreter import Child, ChildSpec, RunInChild, start_child


@dataclass(slots=True)
class ChildSlot:
    """A slot for one child."""

    gpu: str | None
    child: Child | None = None
    run_name: str | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a run, or the start of a child, uses the slot."""
    replaced: int = 0
    """Children that gave way to one of another kind."""

    async def child_of(self, spec: ChildSpec, changed: Callable[[], None]) -> Child:
        """Return a live child of this kind, started now if need be.

        Raises ``ServiceError`` when it does not start.
        """
        if self.child is not None and self.child.alive and self.child.spec == spec:
            return self.child
        if self.child is not None and self.child.alive:
            self.replaced += 1
        await self.empty()  # first: two children would share one GPU's memory
        self.child = await start_child(spec, changed)
        return self.child

    def infrastructure(self, worker: str) -> str:
        """Return what Prefect stores as the infrastructure of the slot's run: no two share it.

        ``worker`` is the address of this process.
        """
        return f"{worker}/{f'{self.child.pid}/{self.child.runs}' if self.child else 'none'}"

    async def empty(self) -> None:
        """End the child, if there is one."""
        child, self.child = self.child, None
        if child is not None:
            await child.end()


class Slots:
    """All slots of a worker."""

    def __init__(self, gpus: Sequence[str], count: int) -> None:
        """Make ``count`` slots; GPUs are dealt out in turn."""
        self._slots = [ChildSlot(gpus[i % len(gpus)] if gpus else None) for i in range(count)]
        self._free = asyncio.Semaphore(count)

    def __iter__(self) -> Iterator[ChildSlot]:
        return iter(self._slots)

    @asynccontextmanager
    async def lend(self, spec: ChildSpec) -> AsyncIterator[ChildSlot]:
        """Yield a slot of one's own, if possible one with a child of the wanted kind."""
        async with self._free:
            slot = min(
                (slot for slot in self._slots if slot.run_name is None),
                key=lambda slot: _effort(slot, spec.on(slot.gpu)),
            )
            slot.run_name = ""
            try:
                async with slot.lock:
                    yield slot
            finally:
                slot.run_name = None

    def find_run(self, worker: str, infrastructure: str) -> RunInChild | None:
        """Return the run of this infrastructure; None when it has ended."""
        for slot in self._slots:
            run = slot.child.current if slot.child else None
            if run is not None and slot.infrastructure(worker) == infrastructure:
                return run
        return None

    async def close(self) -> None:
        """End every child."""
        await asyncio.gather(*(slot.empty() for slot in self._slots))


def _effort(slot: ChildSlot, spec: ChildSpec) -> int:
    """Return 0 for a child that fits, 1 for an empty slot, 2 for a child that must go."""
    child = slot.child
    if child is None or not child.alive:
        return 1
    return 0 if child.spec == spec else 2
