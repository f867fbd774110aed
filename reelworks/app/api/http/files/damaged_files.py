"""Checks of files that could not be read: damaged, or only a busy store."""

from __future__ import annotations

import logging
import queue
import threading

from reelworks.errors import ReelworksError
from reelworks.store.objects.artifacts import Artifact, ArtifactStore

log = logging.getLogger(__name__)
MAX_WAITING = 32
"""The most files that wait to be read again: in an outage every request adds one."""
MAX_REMEMBERED = 1000
_IDLE_SECONDS = 5.0


class Examiner:
    """Reads suspect files again, one after the other, in a thread that ends when it is idle.

    Requests do not wait for it: proving that a file is damaged takes longer than they may.
    """

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._waiting: queue.Queue[Artifact] = queue.Queue()
        self._queued: set[Artifact] = set()
        self._damaged: set[Artifact] = set()
        self._works = False

    def found_damaged(self, artifact: Artifact) -> bool:
        """True when a file was damaged the last time it was read again; does not read the store."""
        with self._lock:
            return artifact in self._damaged

    def check(self, artifact: Artifact) -> None:
        """Queue a file to be read again; indexing its video recomputes a damaged one."""
        with self._lock:
            if artifact in self._queued or len(self._queued) >= MAX_WAITING:
                return
            self._queued.add(artifact)
            self._waiting.put(artifact)
            if not self._works:
                self._works = True
                threading.Thread(target=self._work, name="examiner", daemon=True).start()

    def _work(self) -> None:
        while True:
            try:
                artifact = self._waiting.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                with self._lock:
                    if self._waiting.empty():
                        self._works = False
                        return
                continue
            try:
                self._remember(artifact, self._store.doubts.examine(artifact))
            except ReelworksError as error:
                log.info("Whether %s is damaged is not known yet: %s", artifact.key, error)
            except Exception:  # the files that wait behind it must be looked at
                log.exception("Whether %s is damaged is not known.", artifact.key)
            finally:
                with self._lock:
                    self._queued.discard(artifact)

    def _remember(self, artifact: Artifact, damaged: bool) -> None:
        with self._lock:
            if len(self._damaged) >= MAX_REMEMBERED:
                self._damaged.clear()  # they are examined again, which is quick where a note lies
            self._damaged.discard(artifact)
            if damaged:
                self._damaged.add(artifact)
