"""Files that could not be read for a caller: whether they are damaged, or the store was busy."""

from __future__ import annotations

import logging
import queue
import threading

from reelworks.errors import ReelworksError
from reelworks.store.objects.artifacts import Artifact, ArtifactStore

log = logging.getLogger(__name__)
MOST_WAITING = 32
"""How many files wait to be read again. In an outage every request brings one."""
MOST_REMEMBERED = 1000
_IDLE_SECONDS = 5.0


class Examiner:
    """Reads doubtful files again, one after the other, in one thread that lives while it is needed.

    Nobody waits for it: to prove that a file is damaged takes longer than a caller has patience.
    """

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._waiting: queue.Queue[Artifact] = queue.Queue()
        self._asked: set[Artifact] = set()
        self._damaged: set[Artifact] = set()
        self._works = False

    def found_damaged(self, artifact: Artifact) -> bool:
        """Tell whether a file was damaged when it was last read again; asks the store nothing."""
        with self._lock:
            return artifact in self._damaged

    def check(self, artifact: Artifact) -> None:
        """Have a file read again; if it is damaged, indexing its video will make it anew."""
        with self._lock:
            if artifact in self._asked or len(self._asked) >= MOST_WAITING:
                return
            self._asked.add(artifact)
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
                    self._asked.discard(artifact)

    def _remember(self, artifact: Artifact, damaged: bool) -> None:
        with self._lock:
            if len(self._damaged) >= MOST_REMEMBERED:
                self._damaged.clear()  # they are examined again, which is quick where a note lies
            self._damaged.discard(artifact)
            if damaged:
                self._damaged.add(artifact)
