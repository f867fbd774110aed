"""Changes of jobs as they happen: one connection to PostgreSQL for all who listen."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from reelworks.store.db.pg_listen import Listener
from reelworks.store.db.schema.jobs import CHANNEL

ANY_JOB = "*"
"""Stands for every job."""


class Changes:
    """Hears of changed jobs once somebody wants to know. Belongs to one event loop."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._listener: Listener | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.ending = False
        """True when streams shall end, for the server does."""

    @contextmanager
    def of(self, job_id: str) -> Iterator[asyncio.Event]:
        """Give an event that is set whenever the job changes, or may have changed unheard."""
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
        """Wake all who wait, so that they see that it ends. May be called by any thread."""
        self.ending = True
        self._hear("")

    def stop(self) -> None:
        """End the connection. Waits for a second at most."""
        if self._listener is not None:
            self._listener.stop()
            self._listener = None

    def _listen(self) -> None:
        if self._listener is not None:
            return
        self._loop = asyncio.get_running_loop()
        self._listener = Listener(self._url, CHANNEL, self._hear)
        self._listener.start()

    def _hear(self, job_id: str) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(self._wake, job_id)

    def _wake(self, job_id: str) -> None:
        """Wake who waits for a job; "" tells of new jobs and of a new connection: all look."""
        several = self._waiting if job_id == "" else (job_id, ANY_JOB)
        for one in several:
            for changed in self._waiting.get(one, ()):
                changed.set()
