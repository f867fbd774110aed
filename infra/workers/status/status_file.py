"""Status file of a worker, written beside its work and never in its way."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Iterable
from logging import Logger, LoggerAdapter
from typing import Any

from infra.services.process import current
from infra.workers.child.slots import ChildSlot
from infra.workers.revision import code_revision, release
from infra.workers.status.worker_status import (
    ChildStatus,
    WorkerStatus,
    own_file,
    remove_old,
    write_status,
)
from reelworks.errors import ServiceError
from reelworks.settings import load_settings

PAUSE_SECONDS = 0.2
"""Least time between two writes."""


class StatusFile:
    """Counts what a worker does and keeps its file under ``DATA_DIR/workers`` true."""

    def __init__(
        self, name: str, pool: str, slots: Iterable[ChildSlot], log: Logger | LoggerAdapter[Any]
    ) -> None:
        self.address = f"{socket.gethostname()}/{os.getpid()}"
        """Where the worker runs."""
        self._slots = slots
        self._log = log
        self._status = WorkerStatus(
            name=name,
            pool=pool,
            host=socket.gethostname(),
            process=current(),
            release=release(),
            revision=code_revision(),
            started=time.time(),
            updated=time.time(),
        )
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to write."""
        self._path = own_file(load_settings().data_dir)
        self._task = asyncio.create_task(self._publish())
        self.change()

    async def close(self) -> None:
        """Stop writing and remove the file."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._path.unlink(missing_ok=True)

    def change(self) -> None:
        """Write soon: something has changed."""
        self._changed.set()

    def count_run(self) -> None:
        """A run has ended."""
        self._status.runs += 1
        self.change()

    def count_crash(self) -> None:
        """A child ended before its run did."""
        self._status.crashes += 1
        self.change()

    def count_replaced(self) -> None:
        """A worn child was replaced."""
        self._status.replaced += 1
        self.change()

    def status(self) -> WorkerStatus:
        """Return what is true now."""
        slots = list(self._slots)
        return self._status.model_copy(
            update={
                "updated": time.time(),
                "replaced": self._status.replaced + sum(slot.replaced for slot in slots),
                "children": [facts for slot in slots if (facts := _child_status(slot))],
            }
        )

    async def _publish(self) -> None:
        remove_old(self._path.parent.parent)
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await asyncio.to_thread(write_status, self._path, self.status())
            except ServiceError as error:  # runs matter more than what is said about them
                self._log.warning("%s", error)
            await asyncio.sleep(PAUSE_SECONDS)


def _child_status(slot: ChildSlot) -> ChildStatus | None:
    child = slot.child
    if child is None or not child.alive:
        return None
    return ChildStatus(
        gpu=slot.gpu,
        pid=child.pid,
        run=slot.run_name if child.current else None,
        runs=child.runs,
        memory=child.memory,
        revision=child.spec.revision,
        models=child.models,
    )
