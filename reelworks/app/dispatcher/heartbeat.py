"""The dispatcher's heartbeat."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from infra.services.supervision import heartbeats
from infra.services.supervision.state import Service
from reelworks.store.jobs import dispatchers


@dataclass
class DispatcherHeartbeat:
    """Records that a dispatcher is at work: in a file for this machine, in PostgreSQL for all.

    Called from the passes themselves and not by a timer: a pass that is stuck is as silent as a
    process that is frozen.
    """

    engine: Engine
    name: str
    data_dir: Path
    _last: float = float("-inf")

    async def beat(self) -> None:
        """Write a heartbeat, unless one was written a moment ago. Raises database errors."""
        if time.monotonic() - self._last < dispatchers.BEAT_SECONDS:
            return
        heartbeats.beat(self.data_dir, Service.DISPATCHER.value)  # also while PostgreSQL is down
        await asyncio.to_thread(dispatchers.beat, self.engine, self.name)
        self._last = time.monotonic()

    async def end(self) -> None:
        """Remove the heartbeat of a process that ends on purpose. Raises database errors."""
        heartbeats.end(self.data_dir, Service.DISPATCHER.value)
        await asyncio.to_thread(dispatchers.leave, self.engine, self.name)
