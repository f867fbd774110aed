"""Child interpreters of one worker: start them ahead, lend them, recycle them."""

from __future__ import annotations

import asyncio
from logging import Logger, LoggerAdapter
from typing import Any

from infra.workers.child.interpreter import Child, ChildSpec
from infra.workers.child.slots import ChildSlot, Slots
from infra.workers.configuration import WarmProcessConfiguration
from infra.workers.revision import release
from infra.workers.status.status_file import StatusFile
from reelworks.errors import ServiceError


class Children:
    """Starts the children of a worker's slots and replaces them when they are used up."""

    def __init__(
        self, slots: Slots, status_file: StatusFile, log: Logger | LoggerAdapter[Any]
    ) -> None:
        self._slots = slots
        self._status_file = status_file
        self._log = log

    async def get(self, slot: ChildSlot, spec: ChildSpec) -> Child:
        """Return a child of this kind in a slot, started now if need be.

        Raises ``ServiceError`` when it does not start.
        """
        child = await slot.child_of(spec.on(slot.gpu), self._status_file.change)
        for fault in child.ready.faults if child.runs == 0 else ():
            self._log.warning("%s", fault)
        return child

    async def start_all(self, spec: ChildSpec) -> None:
        """Start a child in every slot before the first run comes."""

        async def start(slot: ChildSlot) -> None:
            async with slot.lock:
                await self._start_ahead(slot, spec)

        await asyncio.gather(*(start(slot) for slot in self._slots))

    async def recycle(
        self, slot: ChildSlot, spec: ChildSpec, configuration: WarmProcessConfiguration
    ) -> None:
        """Replace a child that ran or grew enough, at once, so that no run waits for the next."""
        child = slot.child
        if child is None or not child.alive:
            self._status_file.count_crash()
            return
        reason = needs_recycling(child, configuration)
        if reason is None:
            return
        self._log.info("Process %s is replaced after %s.", child.pid, reason)
        await slot.empty()
        self._status_file.count_replaced()
        await self._start_ahead(slot, spec)

    async def _start_ahead(self, slot: ChildSlot, spec: ChildSpec) -> None:
        try:
            await self.get(slot, spec)
        except ServiceError as error:  # the next run tries again and fails with this error
            self._log.error("%s", error)


def needs_recycling(child: Child, configuration: WarmProcessConfiguration) -> str | None:
    """Return why a child shall be replaced by a new one; None while it need not be."""
    if child.growth > configuration.max_growth_mb * 1_000_000:
        return f"it grew by {child.growth / 1e6:.0f} MB"
    return f"{child.runs} runs" if child.runs >= configuration.max_runs else None


def child_notice(child: Child, gpu: str | None) -> str:
    """Return what the log of a child's next run says of it: process, runs, code, GPU."""
    return (
        f"Runs in process {child.pid} (its run {child.runs + 1}) with reelworks {release()}, "
        f"code {child.spec.revision}{f', on GPU {gpu}' if gpu else ''}"
    )
