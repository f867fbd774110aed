"""Notifications of changed jobs: one PostgreSQL connection for all event streams."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from reelworks.store.db.pg_listen import Listener
from reelworks.store.db.schema.jobs import CHANNEL

ANY_JOB = "*"
"""Stands for every job."""


class JobChanges:
    """Listens for changed jobs from the first subscriber on. Belongs to one event loop."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._listener: Listener | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.ending = False
        """True when the server stops: streams end."""

    @contextmanager
    def of(self, job_id: str) -> Iterator[asyncio.Event]:
        """Yield an event that is set when the job changed, or may have changed unnoticed."""
        changed = asyncio.Event()
        self._waiting[job_id].add(changed)
        self._listen()
        try:
            yield changed
        finally:
            self._waiting[job_id].discard(changed)
            if not self._waiting[job_id]:
                del self._waiting[job_id]

    def end_streams(self) -> None:
        """Wake all streams, so that they end. May be called by any thread."""
        self.ending = True
        self._notify("")

    def stop(self) -> None:
        """End the connection. Waits for a second at most."""
        if self._listener is not None:
            self._listener.stop()
            self._listener = None

    def _listen(self) -> None:
        if self._listener is not None:
            return
        self._loop = asyncio.get_running_loop()
        self._listener = Listener(self._url, CHANNEL, self._notify)
        self._listener.start()

    def _notify(self, job_id: str) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: no stream waits
                self._loop.call_soon_threadsafe(self._wake, job_id)

    def _wake(self, job_id: str) -> None:
        """Wake the streams of a job; "" stands for new jobs or a new connection: all wake."""
        several = self._waiting if job_id == "" else (job_id, ANY_JOB)
        for one in several:
            for changed in self._waiting.get(one, ()):
                changed.set()
